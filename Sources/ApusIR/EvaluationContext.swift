package import ApusTensor
internal import Synchronization

/// What bounds an evaluation and everything that runs inside it.
package struct EvaluationContext: Sendable {
  /// The most bytes that operands and results of one node may take, at 8 bytes an element.
  package var memoryLimit = 1 << 34
  /// Asked before every node.
  package var isCancelled: @Sendable () -> Bool = { false }
  /// How deep bodies may still nest.
  package var depth = Body.nestingLimit

  private let trips: TripCounter

  /// Passes through loops that one run may make in all.
  package static let defaultTripLimit = 1 << 20

  package init(tripLimit: Int = defaultTripLimit) { trips = TripCounter(limit: tripLimit) }

  /// The first type that takes the operands and results of a node over the memory limit.
  package func excess(_ types: [ValueType]) -> TensorType? {
    var total = 0
    for case .tensor(let type) in types where type.fixedShape != nil {
      let bytes = type.elementCount?.multipliedReportingOverflow(by: 8)
      guard let bytes, !bytes.overflow, bytes.partialValue <= memoryLimit - total else {
        return type
      }
      total += bytes.partialValue
    }
    return nil
  }

  /// Counts one pass through a loop.
  package func countTrip() throws(EvaluationError) {
    if isCancelled() { throw .cancelled }
    guard trips.count() else {
      throw .limit("loops took more than \(trips.limit) passes; raise the limit with --loopLimit=N")
    }
  }

  /// Runs a body.
  package func run(_ body: Body, _ inputs: [HostValue]) throws(EvaluationError) -> [HostValue] {
    guard depth > 0 else { throw .limit("bodies are nested too deeply") }
    var inner = self
    inner.depth -= 1
    var evaluator = ReferenceEvaluator(body.graph)
    evaluator.bindsSymbols = false
    do throws(EvaluationFailure) { return try evaluator.run(values: inputs, inner) } catch {
      throw error == .cancelled ? .cancelled : .body(error)
    }
  }
}

/// Shared by nested loops, so that their passes add up.
private final class TripCounter: Sendable {
  let limit: Int
  private let made = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  func count() -> Bool { made.wrappingAdd(1, ordering: .relaxed).newValue <= limit }
}
