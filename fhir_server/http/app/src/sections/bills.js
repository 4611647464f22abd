// Bills: what is to pay and what is paid, and how the health plan explains its share.
import { el, empty, entries, tag } from "../dom.js";
import { together } from "../section.js";
import { day, money } from "../words.js";

export const bills = {
  id: "bills", title: "Bills",
  load: (record) => together(
    record.search("Invoice", { _sort: "-date", _count: "50" }),
    record.search("ExplanationOfBenefit", { _sort: "-created", _count: "50" }),
  ),
  render: ([invoices, explanations]) => [
    invoices.length ? entries(invoices.map(invoiceEntry), "invoices") : empty("There are no bills."),
    explanations.length ? el("details", {}, el("summary", {}, `From your health plan (${explanations.length})`),
      entries(explanations.map((each) => ({
        title: each.item?.[0]?.productOrService?.text ?? "Claim", lines: [day(each.created), each.disposition],
      })), "explanations")) : null,
  ],
};

function invoiceEntry(invoice) {
  const open = invoice.status === "issued";
  const lines = (invoice.lineItem ?? []).map((each) => each.chargeItemReference?.display).filter(Boolean);
  return {
    title: money(invoice.totalNet ?? invoice.totalGross),
    tags: [open ? tag("To pay", "ask") : tag(invoice.status === "balanced" ? "Paid" : invoice.status, "good")],
    lines: [`${day(invoice.date)} · ${lines.join(", ")}`, `Total ${money(invoice.totalGross)}, less what your plan paid`,
      open ? invoice.paymentTerms : ""],
  };
}
