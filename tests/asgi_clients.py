"""An application asked without a socket: it lives in an event loop of its own, and its callers wait for it."""

import asyncio
import threading
from contextlib import asynccontextmanager

import httpx

HERE = "127.0.0.1"


class RunningApp:
    """An application from its start to its end, which is that of the `with` statement."""

    def __init__(self, app):
        self.app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._lifespan = app.router.lifespan_context(app)

    def __enter__(self):
        self._thread.start()
        self.run(self._lifespan.__aenter__())
        return self

    def __exit__(self, *_):
        self.run(self._lifespan.__aexit__(None, None, None))
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def ask(self, method, path, *, api_key=None, address=HERE, headers=None, **content):
        """One request from this address; the response."""
        sent = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        return self.run(self._ask(method, path, address, sent | (headers or {}), content))

    async def _ask(self, method, path, address, headers, content):
        async with self._client(address) as client:
            return await client.request(method, path, headers=headers, **content)

    @asynccontextmanager
    async def _client(self, address):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://keyfob.test") as client:
            yield client
