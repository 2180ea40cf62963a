internal import ApusIR

/// The tactic that evaluates a node by its operator's own definition, on the host. It is offered for
/// everything, so a valid model never lacks a kernel.
package struct ReferenceTactics: TacticSource {
  package static let name = "reference"
  package static let tactic = Tactic(source: name, name: "evaluate")

  package init() {}

  package var name: String { Self.name }

  package func tactics(for region: Region) -> [Tactic] { [Self.tactic] }

  /// Host evaluation is a step of its own kind in the session.
  package func instantiate(_ tactic: Tactic, _ instance: inout RegionInstance) throws(TacticError) {
    throw .unsuitable(tactic, reason: "the reference has no kernels")
  }
}
