#if Server
package import ApusServing
package import ApusTransport

/// How the gRPC front end listens, what it admits and whom.
package struct GRPCConfiguration: Sendable {
  /// How broken connections are found, and which pings of clients are too many.
  package struct KeepAlive: Hashable, Sendable {
    /// A connection that is silent for so long is asked whether it lives.
    package var time = Duration.seconds(7200)
    /// It has so long to answer.
    package var timeout = Duration.seconds(20)
    /// Whether clients may ask while they have no call under way.
    package var permitsWithoutCalls = false
    /// Clients that ask more often without a call are disconnected.
    package var minimumPingInterval = Duration.seconds(300)

    package init() {}
  }

  package var endpoint = Endpoint(port: 8001)
  /// Lets other processes listen on the same port.
  package var reusesPort = false
  /// Event loops; nil takes one for each core.
  package var threads: Int?
  /// Nil for clear text.
  package var tls: TLSFiles?
  package var keepAlive = KeepAlive()
  /// Connections are closed in order after so long; nil for never.
  package var maximumConnectionAge: Duration?
  /// Calls on such connections have so long to end; nil for ever.
  package var maximumConnectionAgeGrace: Duration?
  /// Bytes of a request's message.
  package var maximumRequestSize = Int(Int32.max)
  /// Bytes of a stream's answers that a slow client may leave unread before it is given up.
  package var maximumUnreadSize = 256 << 20
  /// Requests of one stream under way at a time; more wait unread.
  package var maximumStreamRequests = 1024
  /// zlib's level, 1 to 9, for answers to clients that understand compression; nil compresses only answers
  /// to compressed requests.
  package var responseCompressionLevel: Int?
  /// Who may call what; asked before a message is read.
  package var access = AccessPolicy.grpc
  /// Whether a header of this name becomes a parameter of requests.
  package var forwardsHeader: (@Sendable (String) -> Bool)?
  /// Whether clients may ask for the definitions of the services.
  package var isReflectionEnabled = true

  package init() {}
}
#endif
