"""The whole way of a file with its bytes in a store that speaks S3: on loopback, by a small fake of our own."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from tests.clients.uploads import Uploads
from tests.engines.s3_server import BUCKET, KEY, fake_s3
from tests.serving import SHOP, origin_of, serving
from widget_server.core.ids import token as new_token

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend


async def test_a_file_comes_is_read_and_goes_in_a_store_that_speaks_s3(backend: Backend, tmp_path: Path) -> None:
    async with (
        fake_s3() as (fake, address),
        serving(
            tmp_path, backend, files_url=f"s3://{BUCKET}/chat", files_endpoint=address, files_key=KEY,
            files_secret="a secret of nobody",
        ) as served,
    ):  # fmt: skip
        token = new_token(served.clock.random(32))
        uploads = Uploads(served.http, served.base, origin_of(SHOP), token=token, site=SHOP)
        text = b"Plums are ripe.\n" * 40_000
        _, place, _ = await uploads.announce("plums.txt", len(text))
        await uploads.patch(place, 0, text[:300_000])
        assert all(name.startswith("chat/") and ".parts/" in name for name in fake.objects)
        await uploads.patch(place, 300_000, text[300_000:])
        assert (await uploads.state(place))["state"] == "ready"
        assert (await uploads.read(place))[2] == text
        assert (await uploads.read(place, Range="bytes=299990-300009"))[2] == text[299_990:300_010]
        written = io.BytesIO()
        Image.new("RGB", (900, 900), "plum").save(written, "PNG")
        sent = await uploads.send("plum.png", written.getvalue())
        status, _, small = await uploads.read(f"{sent['address']}/small")
        assert (status, Image.open(io.BytesIO(small)).size) == (200, (640, 640))
        assert len(fake.objects) == 3
        for gone in (place, sent["address"]):
            assert await uploads.cancel(gone) == 204
            assert (await uploads.read(gone))[0] == 404
    # Whatever was still there went with the last round of the worker, or goes with the next start's.
    assert {"PUT", "GET", "POST"} <= fake.asked
