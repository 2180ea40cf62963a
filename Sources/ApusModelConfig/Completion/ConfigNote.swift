/// Something in a configuration that is served another way than it says. None changes results.
package enum ConfigNote: Hashable, Sendable {
  /// Instances asked for a GPU, which this machine or build does not have.
  case instancesOnCPU(group: String)
  /// A field that tunes another runtime; `reason` says why it has no effect here.
  case noEffect(field: String, reason: String)
}

extension ConfigNote: CustomStringConvertible {
  package var description: String {
    switch self {
    case .instancesOnCPU(let group):
      "instance_group '\(group)' asks for KIND_GPU; its instances run on the CPU"
    case .noEffect(let field, let reason): "\(field) has no effect: \(reason)"
    }
  }
}
