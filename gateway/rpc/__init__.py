"""The gRPC door: needs the extra ``grpc``."""
