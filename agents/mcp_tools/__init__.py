"""Tools of servers that speak the Model Context Protocol. The package ``mcp`` is imported when the first of them is reached."""

from .servers import McpServers
from .settings import McpServerSettings

__all__ = ["McpServerSettings", "McpServers"]
