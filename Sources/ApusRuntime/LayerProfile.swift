package import ApusIR

/// Time spent per node over profiled runs.
package struct LayerProfile: Sendable {
  /// Nanoseconds of each run, by node.
  package private(set) var samples: [NodeID: [UInt64]] = [:]

  package init() {}

  mutating func add(_ node: NodeID, nanoseconds: UInt64) {
    samples[node, default: []].append(nanoseconds)
  }
}
