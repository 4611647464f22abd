// The care plan with its goals and activities, and who is in the care team.
import { el, empty, entries, group, tag } from "../dom.js";
import { together } from "../section.js";
import { day, label } from "../words.js";

const PROGRESS = { achieved: "good", improving: "good", "in-progress": "plain", "not-achieved": "warn" };

export const plan = {
  id: "care-plan", title: "Care plan",
  load: (record) => together(
    record.search("CarePlan", { status: "active", _count: "20" }),
    record.search("Goal", { _count: "50" }),
    record.search("CareTeam", { status: "active", _count: "20" }),
  ),
  render: ([plans, goals, teams]) => [
    plans.length ? plans.map(overview) : empty("There is no care plan."),
    goals.length ? group("Goals", entries(goals.map(goalEntry), "goals")) : null,
    teams.length ? group("Care team", entries(teams.flatMap((team) => team.participant ?? []).map((each) => ({
      title: each.member?.display ?? "Member", lines: [label(each.role?.[0], "")],
    })), "care-team")) : null,
  ],
};

function overview(carePlan) {
  const activities = (carePlan.activity ?? []).map((each) => each.detail?.description).filter(Boolean);
  return group(carePlan.title ?? "Plan",
    el("p", {}, carePlan.description ?? ""),
    el("ul", { className: "plain", "data-testid": "activities" }, activities.map((text) => el("li", {}, text))));
}

function goalEntry(goal) {
  const state = goal.achievementStatus?.coding?.[0]?.code;
  return {
    title: label(goal.description),
    tags: state ? [tag(state.replace("-", " "), PROGRESS[state] ?? "plain")] : [],
    lines: [goal.target?.[0]?.dueDate ? `Until ${day(goal.target[0].dueDate)}` : ""],
  };
}
