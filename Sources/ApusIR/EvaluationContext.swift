package import ApusTensor
internal import Synchronization

/// What bounds an evaluation and everything that runs inside it. Copies share one count of passes, so
/// that those of nested loops, and of all nodes of a run, add up.
package struct EvaluationContext: Sendable {
  /// The most bytes that operands and results of one node may take: numbers count as 8 bytes an
  /// element, texts as 4 a byte, which is what their decoded forms take, and
  /// containers as twice what they hold, for many operators copy it.
  package var memoryLimit: Int
  /// Asked before every node.
  package var isCancelled: @Sendable () -> Bool = { false }
  /// How deep bodies may still nest.
  package var depth: Int

  private let passes: PassCounter

  /// The memory limit where nobody set one: what a machine for tests may have.
  private static let defaultMemoryLimit = 1 << 34

  package init(_ limits: ResourceLimits = ResourceLimits()) {
    memoryLimit = limits.memory ?? Self.defaultMemoryLimit
    depth = min(limits.nesting, Body.nestingLimit)
    passes = PassCounter(limit: limits.loopPasses)
  }

  /// The context with less memory.
  package func holding(_ byteCount: Int) -> EvaluationContext {
    var copy = self
    copy.memoryLimit = max(0, memoryLimit - byteCount)
    return copy
  }

  // MARK: Memory

  /// The first type that takes the operands and results of a node over the memory limit.
  package func excess(_ operands: [HostValue?], _ results: [ValueType]) -> TensorType? {
    var total = 0
    for operand in operands {
      guard let operand else { continue }
      let bytes =
        operand.textByteCount.map { $0.multipliedReportingOverflow(by: 4) }
        ?? Self.decodedByteCount(operand.type)
        ?? operand.storedByteCount.multipliedReportingOverflow(by: 2)
      guard !bytes.overflow, bytes.partialValue <= memoryLimit - total else {
        return operand.type.innermost
      }
      total += bytes.partialValue
    }
    for type in results {
      guard let bytes = Self.decodedByteCount(type) else { continue }
      guard !bytes.overflow, bytes.partialValue <= memoryLimit - total else {
        return type.innermost
      }
      total += bytes.partialValue
    }
    return nil
  }

  /// Bytes of a tensor of a type once it is decoded; nil where the type does not say.
  private static func decodedByteCount(
    _ type: ValueType
  ) -> (partialValue: Int, overflow: Bool)? {
    guard case .tensor(let type) = type, type.fixedShape != nil else { return nil }
    let width = type.element == .string ? MemoryLayout<String>.stride : 8
    return type.elementCount?.multipliedReportingOverflow(by: width) ?? (0, true)
  }

  /// Throws where a node cannot have so much memory for a result. Operators whose results' sizes
  /// show only while they evaluate ask before they make them.
  package func require(_ count: Int, of width: Int) throws(EvaluationError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: width)
    guard !overflow, bytes <= memoryLimit else {
      throw .limit(
        "a result of \(overflow ? "too many" : "\(bytes)") bytes exceeds the memory limit; "
          + "\(memoryLimit) are left, allow more with --memPoolSize")
    }
    do { try Storage.require(byteCount: bytes) } catch { throw .tensor(error) }
  }

  /// Throws where texts among the values take more than the limit.
  func check(texts values: [HostValue]) throws(EvaluationError) {
    for value in values {
      if let bytes = value.textByteCount { try require(bytes, of: 4) }
    }
  }

  // MARK: Passes

  /// Counts one pass through a body.
  package func countPass(_ body: Body) throws(EvaluationError) {
    if isCancelled() { throw .cancelled }
    try count(1 + body.graph.order.count / ResourceLimits.nodesPerPass)
  }

  /// Counts what a node does with the elements of its containers, long ones as passes.
  func count(elements operands: [HostValue?]) throws(EvaluationError) {
    for operand in operands {
      let length = operand?.elementCount ?? 0
      if length > 64 { try count(length / 64) }
    }
  }

  private func count(_ steps: Int) throws(EvaluationError) {
    guard passes.count(steps) else {
      throw .limit(
        "loops took more than \(passes.limit) passes; raise the limit with --loopLimit=N")
    }
  }

  // MARK: Bodies

  /// What runs a body again and again.
  package func evaluator(_ body: Body) -> ReferenceEvaluator {
    var evaluator = ReferenceEvaluator(body.graph)
    evaluator.bindsSymbols = false
    return evaluator
  }

  /// Runs a body; `evaluator` is that of the body.
  package func run(
    _ evaluator: ReferenceEvaluator, _ inputs: [HostValue]
  ) throws(EvaluationError) -> [HostValue] {
    guard depth > 0 else {
      throw .limit("bodies are nested too deeply; raise the limit with --nestingLimit=N")
    }
    var inner = self
    inner.depth -= 1
    do throws(EvaluationFailure) { return try evaluator.run(values: inputs, inner) } catch {
      throw error == .cancelled ? .cancelled : .body(error)
    }
  }
}

private final class PassCounter: Sendable {
  let limit: Int
  private let made = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  func count(_ steps: Int) -> Bool {
    made.wrappingAdd(steps, ordering: .relaxed).newValue <= limit
  }
}
