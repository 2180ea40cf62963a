import ApusIR
import ApusTensor
import Testing

@Suite struct LoopTests {
  typealias Probe = ValueProbe

  /// Appends the pass to a growing vector, stacks the pass, stops when the state is 3 long.
  private static let text = """
    graph "g" (%n: i64[], %x: f32[m]) {
      weight @go: bool[] = [true]
      %y, %all = loop(%n, @go, %x) {states: 1, body: graph "b" (%i: i64[], %c: bool[], %v: f32[k]) {
        weight @axes: i64[1] = [0]
        weight @three: i64[1] = [3]
        %f = cast(%i) {element: f32}
        %p = unsqueeze(%f, @axes)
        %w = concat(%v, %p) {axis: 0}
        %l = shape_of(%w)
        %more = binary(%l, @three) {function: less}
        %next = squeeze(%more, @axes)
        return %next as "c", %w as "w", %i as "i"
      }}
      return %y as "y", %all as "all"
    }
    """

  @Test func statesGrowAndStack() throws {
    let results = try Probe.run(
      Self.text, [.tensor(try Probe.whole([9], [])), .tensor(try Probe.real([7], [1]))])
    #expect(Probe.tensors(results[0]) == [[7, 0, 1]])
    #expect(Probe.tensors(results[1]) == [[0, 1]])
  }

  @Test func noPassGivesTheInitialState() throws {
    let results = try Probe.run(
      Self.text, [.tensor(try Probe.whole([0], [])), .tensor(try Probe.real([7], [1]))])
    #expect(Probe.tensors(results[0]) == [[7]])
    #expect(results[1].tensor?.shape == [0])
  }

  @Test func passesAreBounded() throws {
    let text = """
      graph "g" () {
        loop(_, _) {states: 0, body: graph "b" (%i: i64[], %c: bool[]) {
          return %c as "c"
        }}
      }
      """
    let evaluator = ReferenceEvaluator(try Graph(text: text))
    var limits = ResourceLimits()
    limits.loopPasses = 100
    #expect(throws: EvaluationFailure.self) { try evaluator.run([], EvaluationContext(limits)) }
  }
}
