import ApusTensor
import Testing

@testable import ApusIR

@Suite struct SymbolBindingTests {
  private let batch = Extent.symbol("batch")
  private let past = Extent.symbol("past")
  private let sequence = Extent.symbol("sequence")

  private func bind(_ inputs: [(String, [Extent], [Int])]) throws -> [String: Int] {
    try SymbolBindings.bind(
      inputs.map {
        SymbolBindings.Input(name: $0.0, type: TensorType(.float32, $0.1), shape: $0.2)
      })
  }

  @Test func singleSymbols() throws {
    let values = try bind([("ids", [batch, sequence], [2, 7]), ("mask", [batch, 1], [2, 1])])
    #expect(values == ["batch": 2, "sequence": 7])
  }

  @Test func linearPolynomialsInAnyOrder() throws {
    let values = try bind([
      ("mask", [past + sequence], [9]), ("ids", [sequence], [4]),
      ("twice", [sequence * 2 + 1, past], [9, 5]),
    ])
    #expect(values == ["past": 5, "sequence": 4])
    #expect(
      try bind([("mask", [past + sequence], [4]), ("ids", [sequence], [4])])
        == ["past": 0, "sequence": 4])
    #expect(try bind([("a", [past * 2 + 3], [9])]) == ["past": 3])
  }

  @Test func productsAreChecked() throws {
    #expect(
      try bind([("a", [past * sequence], [6]), ("b", [past, sequence], [2, 3])])
        == ["past": 2, "sequence": 3])
    #expect(throws: BindingError.self) {
      try bind([("a", [past * sequence], [7]), ("b", [past, sequence], [2, 3])])
    }
    #expect(
      try bind([("a", [past * sequence], [6]), ("b", [past], [2])])
        == ["past": 2, "sequence": 3])
  }

  @Test func unrankedInputsBindNothing() throws {
    let input = SymbolBindings.Input(
      name: "x", type: TensorType(.float32, .unranked), shape: [1, 2])
    #expect(try SymbolBindings.bind([input]) == [:])
  }

  private func message(_ inputs: [(String, [Extent], [Int])]) -> String {
    do {
      return "bound \(try bind(inputs))"
    } catch { return "\(error)" }
  }

  @Test func errors() {
    #expect(
      message([("x", [1, 3], [1, 4])])
        == "input 'x' has shape [1, 4], expected [1, 3]: dimension 1 must be 3")
    #expect(
      message([("x", [past], [2]), ("y", [past], [3])])
        == "input 'y' has shape [3], expected [past]: dimension 0 must be 2, "
        + "as past is 2 by input 'x'")
    #expect(
      message([("x", [past], [1, 2])]) == "input 'x' has shape [1, 2], expected [past]")
    #expect(
      message([("x", [sequence], [5]), ("y", [past + sequence], [3])])
        == "input 'y' has shape [3], expected [past + sequence]: dimension 0 does not fit "
        + "'past + sequence', as sequence is 5 by input 'x'")
    #expect(
      message([("x", [past * 2], [3])])
        == "input 'x' has shape [3], expected [2*past]: dimension 0 does not fit '2*past'")
    #expect(
      message([("x", [past + sequence], [3])])
        == "dimension 0 of input 'x' is 'past + sequence'; no input determines past, sequence")
    #expect(
      message([("x", [past], [-3])]) == "input 'x' has shape [-3]: dimension 0 is negative")
  }

  /// Extents that nothing gives follow from others, else are 1.
  @Test(arguments: [
    ([:], [1, 1, 1, 2]),
    (["past": [2, 12, 64]], [2, 1, 64, 65]),
    (["ids": [3, 5]], [3, 5, 1, 6]),
    (["mask": [1, 65], "ids": [1, 1]], [1, 1, 64, 65]),
    (["mask": [1, 65]], [1, 1, 64, 65]),
    (["ids": [1, 2], "past": [4, 12, 3]], [1, 1, 1, 2]),
  ])
  func completedSymbols(shapes: [String: [Int]], expected: [Int]) {
    // The total as its own symbol, by the name that exporters give it, and as a sum.
    for total in [Extent.symbol("total_sequence"), .symbol("past_sequence") + sequence] {
      var graph = Graph(name: "g")
      graph.addInput("ids", TensorType(.int64, [batch, sequence]))
      graph.addInput("mask", TensorType(.int64, [batch, total]))
      graph.addInput("past", TensorType(.float32, [batch, 12, .symbol("past_sequence")]))
      let values = graph.completeSymbols(shapes)
      #expect(values["batch"] == expected[0])
      #expect(values["sequence"] == expected[1])
      #expect(values["past_sequence"] == expected[2])
      #expect(total.substituting(values).fixed == expected[3])
    }
  }
}
