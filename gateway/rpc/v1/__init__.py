"""Messages and stubs of ``hayakuchi.proto``, as ``python -m hayakuchi.gateway.rpc.generate`` writes them."""
