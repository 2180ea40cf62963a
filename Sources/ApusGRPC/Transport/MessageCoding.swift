#if Server
/// How messages are compressed, by the names of `grpc-encoding`.
enum MessageCoding: String, Sendable {
  case identity, gzip, deflate

  /// All that are understood, for clients that ask with another.
  static let accepted = "identity,deflate,gzip"
}
#endif
