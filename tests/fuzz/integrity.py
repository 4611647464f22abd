"""Whether what nobody may have changed is as it was, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx


async def contents(base: str, token: str, names: Sequence[str]) -> dict[str, bytes]:
    """Each resource as the server sends it."""
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=60, headers=headers) as http:
        found: dict[str, bytes] = {}
        for name in names:
            answer = await http.get(f"{base}/{name}")
            found[name] = answer.content if answer.status_code == 200 else b""
        return found


async def broken(base: str, token: str, held: Sequence[dict[str, Any]]) -> list[str]:
    """O4: what of the store is not as it was written: a resource that is not read as it is found,
    in JSON and in XML, or whose versions have a gap."""
    headers = {"authorization": f"Bearer {token}"}
    found: list[str] = []
    async with httpx.AsyncClient(timeout=60, headers=headers) as http:
        for resource in held:
            place = f"{base}/{resource['resourceType']}/{resource['id']}"
            read = await http.get(place)
            told = (await http.get(f"{place}/_history?_count=500")).json()
            xml = await http.get(place, headers={"accept": "application/fhir+xml"})
            versions = [each["response"]["etag"] for each in told.get("entry", ())]
            expected = [f'W/"{each}"' for each in range(len(versions), 0, -1)]
            if read.status_code != 200 or read.json() != resource or xml.status_code != 200:
                found.append(f"{place} is not read as it is found")
            if not versions or (len(versions) < 500 and versions != expected):
                found.append(f"{place} has the versions {versions[:9]}")
    return found


async def everything(base: str, token: str, types: Sequence[str]) -> list[dict[str, Any]]:
    """All resources of these types."""
    headers = {"authorization": f"Bearer {token}"}
    found: list[dict[str, Any]] = []
    async with httpx.AsyncClient(timeout=60, headers=headers) as http:
        for type_name in types:
            address: str | None = f"{base}/{type_name}?_count=500"
            while address:
                bundle = json.loads((await http.get(address)).content)
                found += [entry["resource"] for entry in bundle.get("entry", [])]
                links = {link["relation"]: link["url"] for link in bundle["link"]}
                address = links.get("next")
    return found
