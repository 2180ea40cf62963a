#if Server
package import ApusServing
package import ApusTransport
package import NIOCore

/// How the HTTP front end listens, what it admits and whom.
package struct HTTPConfiguration: Sendable {
  /// When a connection is given up.
  package struct Timeouts: Hashable, Sendable {
    /// Between calls.
    package var idle = TimeAmount.minutes(10)
    /// From the first byte of a head to its last, and for the TLS handshake.
    package var head = TimeAmount.seconds(20)
    /// A body may take so long, and a second more for each `slowestRate` bytes that have come.
    package var body = TimeAmount.seconds(30)
    /// Bytes a second.
    package var slowestRate = 16 << 10
    /// Without any progress of an answer that the client does not read.
    package var answer = TimeAmount.seconds(60)

    package init() {}
  }

  /// The protocol's port; nil for none.
  package var api: Endpoint? = Endpoint(port: 8000)
  /// The port of `GET /metrics`; nil for none.
  package var metrics: Endpoint? = Endpoint(port: 8002)
  /// Lets other processes listen on the same ports.
  package var reusesPort = false
  /// Event loops.
  package var threads = 2
  /// Connections open at a time; more are closed at once.
  package var maxConnections = 16_384
  /// Bytes of JSON, and of what a compressed body becomes.
  package var maxInputSize = 64 << 20
  /// Bytes of a whole body, binary tensors included.
  package var maxBodySize = 4 << 30
  /// Bytes of an answer's stream that a slow client may leave unread before it is given up.
  package var maxUnreadSize = 256 << 20
  /// Who may call what; asked before a body is read.
  package var access = AccessPolicy()
  /// Of the protocol's port.
  package var tls: TLSFiles?
  /// Whether a header of this name becomes a parameter of requests.
  package var forwardsHeader: (@Sendable (String) -> Bool)?
  /// Whether `/` shows the console.
  package var isConsoleEnabled = true
  package var timeouts = Timeouts()

  package init() {}
}
#endif
