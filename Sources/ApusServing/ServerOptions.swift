/// What a server is made of.
package struct ServerOptions: Sendable {
  /// The server's name for clients.
  package var identifier = "apus"
  package var version: String
  package var repository: RepositoryOptions
  package var allowsSharedMemory = false
  /// Bytes of the response cache; nil for none.
  package var cacheByteCount: Int?
  /// Whether instances wait for resources (`--rate-limit=execution_count`).
  package var limitsRate = false
  /// Amounts of resources (`--rate-limit-resource`).
  package var resources: [String: Int] = [:]
  package var metrics = MetricsOptions()

  package init(version: String, repository: RepositoryOptions) {
    self.version = version
    self.repository = repository
  }
}
