"""The gRPC server: its address, its limits, and its health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from ...core.errors import ConfigError
from ...orchestrator.gateway_settings import GatewaySettings
from ..access.origin import is_loopback
from .bystanders import MOST, Crowd, Health, Reflection
from .service import SERVICE, Service

ASK_EVERY_S = 1.0
"""How often the health service looks whether the server is ready."""
STOP_WITHIN_S = 2.0
"""How long calls may still take when the server ends; its drain has let replies finish before."""
_MOST_CALLS_PER_TURN = 4
"""Calls at a time for each reply at a time: those that list, ask for health, or are being refused."""


def options(settings: GatewaySettings) -> list[tuple[str, int]]:
    """Sizes in bytes, times in ms. Who pings more often than every 10 s is cut off, and who answers no ping."""
    return [
        ("grpc.max_receive_message_length", settings.max_body_kb * 1000),
        ("grpc.max_metadata_size", 16_384),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_ping_strikes", 3),
        ("grpc.max_connection_idle_ms", 600_000),
        ("grpc.so_reuseport", 0),  # a second server on this port is told so
    ]


def check_reach(host: str, http_host: str, settings: GatewaySettings) -> None:
    """Raises ConfigError where other machines would reach a door without keys that the settings do not open to them."""
    if not is_loopback(host) and is_loopback(http_host) and not settings.auth.enabled:
        raise ConfigError(
            f"{host} can be reached by other machines; use 127.0.0.1, or gateway.auth: {{enabled: true}} and a key",
            path="gateway.grpc.host",
        )


@asynccontextmanager
async def rpc_server(
    service: Service, settings: GatewaySettings, host: str, ready: Callable[[], bool]
) -> AsyncIterator[int]:
    """The server within; its port. Raises ConfigError when the address cannot be had.

    ``ready`` is what the health service tells.
    """
    server = grpc.aio.server(
        options=options(settings), maximum_concurrent_rpcs=settings.max_turns * _MOST_CALLS_PER_TURN + MOST
    )
    server.add_generic_rpc_handlers((service.handler(),))
    crowd = Crowd()
    health = Health(crowd)
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    names = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
    offered = Reflection([SERVICE, names, reflection.SERVICE_NAME], crowd)
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(offered, server)
    port = _bind(server, host, settings.grpc.port)
    await _tell(health, ready())
    await server.start()
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_follow(health, ready), name="gRPC health")
            try:
                yield port
            finally:
                watching.cancel()
    finally:
        await health.enter_graceful_shutdown()
        await server.stop(STOP_WITHIN_S)


def _bind(server: grpc.aio.Server, host: str, port: int) -> int:
    try:
        return server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    except RuntimeError:
        message = f"cannot listen on {host}:{port}; is Hayakuchi running already? Say another port in gateway.grpc.port"
        raise ConfigError(message, path="gateway.grpc") from None


async def _follow(health: Health, ready: Callable[[], bool]) -> None:
    while True:
        await asyncio.sleep(ASK_EVERY_S)
        await _tell(health, ready())


async def _tell(health: Health, ready: bool) -> None:
    status = health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
    for service in ("", SERVICE):
        await health.set(service, status)
