#if Server
/// Where a front end listens.
package struct Endpoint: Hashable, Sendable {
  package var address: String
  /// 0 takes any that is free.
  package var port: Int

  package init(address: String = "0.0.0.0", port: Int) {
    self.address = address
    self.port = port
  }
}
#endif
