"""The authorization page: what the app asks for in plain words, each a choice of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from authlib.oauth2.rfc6749.errors import AccessDeniedError, OAuth2Error
from starlette.requests import Request
from starlette.responses import Response

from smart_auth.config import AuthConfig, Clock, later
from smart_auth.directory import Directory, Person, ScopeRules
from smart_auth.flows.authorize import answer_url, error_url
from smart_auth.flows.patient_pick import NotPicked, PatientPick
from smart_auth.flows.sessions import BrowserSessions, SignedIn
from smart_auth.flows.sign_in import pending_request, read_page_form, read_page_query
from smart_auth.pages import PageError, Pages, expired
from smart_auth.parameters import Parameters
from smart_auth.records import Approval, AuthorizationCode, AuthorizationRequest, Client
from smart_auth.secrets_at_rest import fingerprint, new_id, new_secret
from smart_auth.storage.protocols import AuthorizationRequests, Clients, Codes, Grants, Users
from smart_auth.wording import scope_in_words

_DAY = 24 * 3600


class ApprovalStore(Clients, Users, AuthorizationRequests, Codes, Grants, Protocol):
    """What an approval is made of."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """Everything about one view of the page that was checked."""

    pending: AuthorizationRequest
    client: Client
    signed_in: SignedIn
    person: Person


class ConsentPage:
    def __init__(
        self,
        config: AuthConfig,
        storage: ApprovalStore,
        sessions: BrowserSessions,
        directory: Directory,
        rules: ScopeRules,
        pages: Pages,
        clock: Clock,
    ) -> None:
        self._config = config
        self._storage = storage
        self._sessions = sessions
        self._directory = directory
        self._pick = PatientPick(directory)
        self._rules = rules
        self._pages = pages
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        post = request.method == "POST"
        form = await read_page_form(request) if post else read_page_query(request)
        pending, client = await pending_request(self._storage, form.get("request"), self._clock)
        signed_in = await self._sessions.current(request, pending.sign_in_after)
        if signed_in is None:
            return self._pages.go_to("sign-in", pending.id)
        person = await self._directory.describe(signed_in.user.fhir_user)
        if person is None:
            raise PageError("We have no record for your account. Please contact us.", 403)
        visit = _Visit(pending, client, signed_in, person)
        try:
            if post:
                return await self._answered(request, visit, form)
            await self._storage.show_request(pending.id, signed_in.user.id)
            return await self._page(request, visit, ticked=pending.scopes)
        except OAuth2Error as failure:
            return await self._refuse(visit, failure)

    async def _answered(self, request: Request, visit: _Visit, form: Parameters) -> Response:
        pending = visit.pending
        self._pages.check_form(request, pending.id, form.get("token"))
        if pending.shown_to != visit.signed_in.user.id:
            raise expired()
        if form.repeated - {"scope"}:
            raise PageError("The form cannot be read.")
        if form.get("switch"):
            response = self._pages.go_to("sign-in", pending.id)
            await self._sessions.end(request, response)
            return response
        # What was offered bounds what is approved: the form can only take away.
        ticked = tuple(scope for scope in pending.scopes if scope in form.all("scope"))
        if form.get("deny"):
            raise AccessDeniedError("the user denied the request")
        if form.get("search") or not form.get("approve"):
            return await self._page(request, visit, ticked=ticked, form=form)
        if not ticked:
            raise AccessDeniedError("the user approved nothing")
        return await self._approve(request, visit, ticked, form)

    async def _approve(
        self, request: Request, visit: _Visit, ticked: tuple[str, ...], form: Parameters
    ) -> Response:
        try:
            patient = await self._pick.picked(visit.person, ticked, form.get("patient"))
        except NotPicked:
            problem = "Please choose whose record the app may open."
            return await self._page(
                request, visit, ticked=ticked, form=form, problem=problem, status=400
            )
        # Whoever takes the request first answers it; a second click finds it gone.
        user = visit.signed_in.user
        pending = await self._storage.take_request(visit.pending.id, user.id)
        if pending is None:
            raise expired()
        grant = self._grant(visit, ticked, patient)
        await self._storage.add_grant(grant)
        await self._end_if_suspended(grant)
        code = await self._new_code(grant, pending, visit.signed_in)
        return self._pages.redirect(answer_url(pending.redirect_uri, {"code": code}, pending.state))

    def _grant(self, visit: _Visit, scopes: tuple[str, ...], patient: str | None) -> Approval:
        now = self._clock()
        online = "online_access" in scopes and "offline_access" not in scopes
        return Approval(
            id=new_id(),
            client_id=visit.client.id,
            subject=visit.signed_in.user.id,
            user_id=visit.signed_in.user.id,
            scopes=scopes,
            patient=patient,
            fhir_user=visit.person.fhir_user,
            created_at=now,
            expires_at=later(now, _DAY),
            online_session=visit.signed_in.session.id if online else None,
        )

    async def _end_if_suspended(self, grant: Approval) -> None:
        """A suspension marks the user and then revokes their grants; one that came in just now
        either saw this grant or is seen here."""
        user = await self._storage.user(grant.subject)
        client = await self._storage.client(grant.client_id)
        if user is None or user.suspended or client is None or client.suspended:
            await self._storage.revoke_grant(grant.id)
            raise expired()

    async def _new_code(
        self, grant: Approval, pending: AuthorizationRequest, signed_in: SignedIn
    ) -> str:
        text, now = new_secret(), self._clock()
        code = AuthorizationCode(
            id=fingerprint(text),
            grant_id=grant.id,
            client_id=pending.client_id,
            redirect_uri=pending.redirect_uri,
            code_challenge=pending.code_challenge,
            nonce=pending.nonce,
            signed_in_at=signed_in.session.signed_in_at,
            expires_at=later(now, self._config.code_lifetime),
            purge_at=later(now, _DAY),
        )
        await self._storage.add_code(code)
        return text

    async def _refuse(self, visit: _Visit, failure: OAuth2Error) -> Response:
        pending = visit.pending
        await self._storage.show_request(pending.id, visit.signed_in.user.id)
        if await self._storage.take_request(pending.id, visit.signed_in.user.id) is None:
            raise expired()
        url = error_url(pending.redirect_uri, failure, pending.state)
        return self._pages.redirect(url)

    async def _page(
        self,
        request: Request,
        visit: _Visit,
        *,
        ticked: tuple[str, ...],
        form: Parameters | None = None,
        problem: str | None = None,
        status: int = 200,
    ) -> Response:
        person, offered = visit.person, visit.pending.scopes
        text = (form.get("patient_name") if form else None) or ""
        question = await self._pick.question(
            person, offered, text, form.get("patient") if form else None
        )
        values = {
            "app": visit.client.name,
            "person": person.name,
            "scopes": [
                (scope, scope_in_words(scope, self._rules), scope in ticked) for scope in offered
            ],
            "question": question,
            "problem": problem,
        }
        return self._pages.form_page(request, "consent.html", visit.pending, values, status=status)
