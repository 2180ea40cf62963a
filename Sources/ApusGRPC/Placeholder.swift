// ApusGRPC
