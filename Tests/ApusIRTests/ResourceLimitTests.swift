import ApusIR
import ApusTensor
import Testing

/// What a graph may ask for while it is evaluated.
@Suite struct ResourceLimitTests {
  typealias Probe = ValueProbe

  private func failure(
    _ text: String, _ inputs: [HostValue] = [], _ change: (inout ResourceLimits) -> Void
  ) throws -> String {
    var limits = ResourceLimits()
    change(&limits)
    let evaluator = ReferenceEvaluator(try Graph(text: text))
    do throws(EvaluationFailure) {
      _ = try evaluator.run(values: inputs, EvaluationContext(limits))
      return "none"
    } catch { return "\(error)" }
  }

  private static let loop = """
    loop(%n, _, %x) {states: 1, body: graph "b" (%i: i64[], %c: bool[], %v: f32[2]) {
        %w = unary(%v) {function: negate}
        return %c as "c", %w as "w"
      }}
    """

  /// Each of two loops stays below the limit, both together do not.
  @Test func passesOfAllLoopsAddUp() throws {
    let text = """
      graph "g" (%n: i64[], %x: f32[2]) {
        %a = \(Self.loop)
        %b = \(Self.loop)
        return %a as "a", %b as "b"
      }
      """
    let inputs: [HostValue] = [
      .tensor(try Probe.whole([60], [])), .tensor(try Probe.real([1, 2], [2])),
    ]
    #expect(try failure(text, inputs) { $0.loopPasses = 120 } == "none")
    #expect(try failure(text, inputs) { $0.loopPasses = 119 }.contains("more than 119 passes"))
  }

  /// A loop inside of a loop takes from the same count.
  @Test func passesOfNestedLoopsAddUp() throws {
    let text = """
      graph "g" (%n: i64[], %x: f32[2]) {
        %y = loop(%n, _, %x, %n) {states: 1, body: graph "o" (%j: i64[], %d: bool[], %x: f32[2], %n: i64[]) {
          %a = \(Self.loop)
          return %d as "d", %a as "a"
        }}
        return %y as "y"
      }
      """
    let inputs: [HostValue] = [
      .tensor(try Probe.whole([10], [])), .tensor(try Probe.real([1, 2], [2])),
    ]
    #expect(try failure(text, inputs) { $0.loopPasses = 110 } == "none")
    #expect(try failure(text, inputs) { $0.loopPasses = 109 }.contains("more than 109 passes"))
    #expect(try failure(text, inputs) { $0.nesting = 1 }.contains("nested too deeply"))
  }

  /// A pass through a long body counts for several.
  @Test func longBodiesCountMore() throws {
    let chain = (0..<64).map { "%v\($0 + 1) = unary(%v\($0)) {function: negate}" }
    let text = """
      graph "g" (%n: i64[], %x: f32[2]) {
        %y = loop(%n, _, %x) {states: 1, body: graph "b" (%i: i64[], %c: bool[], %v0: f32[2]) {
          \(chain.joined(separator: "\n"))
          return %c as "c", %v64 as "w"
        }}
        return %y as "y"
      }
      """
    let inputs: [HostValue] = [
      .tensor(try Probe.whole([10], [])), .tensor(try Probe.real([1, 2], [2])),
    ]
    #expect(try failure(text, inputs) { $0.loopPasses = 50 } == "none")
    #expect(try failure(text, inputs) { $0.loopPasses = 49 } != "none")
  }

  @Test func textsThatDoubleMeetTheMemoryLimit() throws {
    let text = """
      graph "g" (%n: i64[], %x: string[1]) {
        %y = loop(%n, _, %x) {states: 1, body: graph "b" (%i: i64[], %c: bool[], %v: string[1]) {
          %w = string_concat(%v, %v)
          return %c as "c", %w as "w"
        }}
        return %y as "y"
      }
      """
    let inputs: [HostValue] = [
      .tensor(try Probe.whole([100], [])), .tensor(try HostTensor(texts: ["ab"], shape: [1])),
    ]
    #expect(try failure(text, inputs) { $0.memory = 1 << 20 }.contains("memory limit"))
    // Few passes fit.
    let few = [HostValue.tensor(try Probe.whole([10], [])), inputs[1]]
    #expect(try failure(text, few) { $0.memory = 1 << 20 } == "none")
  }

  @Test func resultsWhoseSizesShowLate() throws {
    let texts = """
      graph "g" (%x: string[a, 1], %y: string[b]) {
        %z = string_concat(%x, %y)
        return %z as "z"
      }
      """
    let long = try HostTensor(texts: [String(repeating: "x", count: 4096)], shape: [1, 1])
    let empty = try HostTensor(texts: Array(repeating: "", count: 500), shape: [500])
    #expect(
      try failure(texts, [.tensor(long), .tensor(empty)]) { $0.memory = 1 << 20 }
        .contains("memory limit"))
    let parts = """
      graph "g" (%x: string[a]) {
        %y, %n = string_split(%x) {delimiter: ","}
        return %y as "y", %n as "n"
      }
      """
    var list = Array(repeating: "b", count: 1000)
    list.append(String(repeating: "a,", count: 1000))
    let split = try HostTensor(texts: list, shape: [list.count])
    #expect(try failure(parts, [.tensor(split)]) { $0.memory = 1 << 22 }.contains("memory limit"))
    let places = """
      graph "g" (%x: f32[a, b, c]) {
        %y = non_zero(%x)
        return %y as "y"
      }
      """
    let ones = try HostTensor(splat: .scalar(1, as: .float32), shape: [1000, 1, 1])
    #expect(try failure(places, [.tensor(ones)]) { $0.memory = 20_000 }.contains("memory limit"))
    #expect(try failure(places, [.tensor(ones)]) { $0.memory = 60_000 } == "none")
    let sum = """
      graph "g" (%x: f32[a, b], %y: f32[c, d]) {
        %z = einsum(%x, %y) {equation: "ab,cd->"}
        return %z as "z"
      }
      """
    let square = HostValue.tensor(try HostTensor(zeros: .float32, shape: [32, 32]))
    #expect(try failure(sum, [square, square]) { $0.memory = 1 << 22 }.contains("memory limit"))
  }

  /// What earlier nodes hold is missing later on, and is given back where nothing reads it any more.
  @Test func valuesThatStayCount() throws {
    func text(_ kept: [Int]) -> String {
      let nodes = (0..<8).map { "%v\($0 + 1) = unary(%v\($0)) {function: exp}" }
      let outputs = kept.map { "%v\($0) as \"v\($0)\"" }
      return """
        graph "g" (%v0: f64[n]) {
          \(nodes.joined(separator: "\n"))
          return \(outputs.joined(separator: ", "))
        }
        """
    }
    let x = HostValue.tensor(try HostTensor(zeros: .float64, shape: [1000]))
    #expect(try failure(text([8]), [x]) { $0.memory = 40_000 } == "none")
    #expect(try failure(text(Array(1...8)), [x]) { $0.memory = 40_000 }.contains("memory limit"))
  }

  /// Types of nested loops are found in rounds, which multiply.
  @Test func roundsOfNestedBodiesAreBounded() throws {
    var body = """
      graph "b" (%i: i64[], %c: bool[], %v: f32[*]) {
        weight @zero: i64[1] = [0]
        %w = unsqueeze(%v, @zero)
        return %c as "c", %w as "w"
      }
      """
    for _ in 0..<14 {
      body = """
        graph "b" (%i: i64[], %c: bool[], %v: f32[*]) {
          weight @zero: i64[1] = [0]
          weight @one: i64[] = [1]
          %u = loop(@one, _, %v) {states: 1, body: \(body)}
          %w = unsqueeze(%u, @zero)
          return %c as "c", %w as "w"
        }
        """
    }
    let text = """
      graph "g" (%x: f32[2]) {
        weight @one: i64[] = [1]
        %y = loop(@one, _, %x) {states: 1, body: \(body)}
        return %y as "y"
      }
      """
    // Either is fine; what counts is that it ends.
    _ = try? Graph(text: text)
  }
}
