internal import Synchronization

/// How many nodes of bodies one type rule may still infer. Loops infer their bodies until the types
/// settle, so nested ones would multiply.
package final class InferenceBudget: Sendable {
  private static let limit = 1 << 18
  private let spent = Atomic<Int>(0)

  package init() {}

  /// Takes one node off; throws where nothing is left. `name` is what errors call the body.
  func spend(in name: String) throws(TypeError) {
    guard spent.wrappingAdd(1, ordering: .relaxed).newValue <= Self.limit else {
      throw .body(name, reason: "nested bodies take too many rounds to find their types")
    }
  }
}
