import Apus
import ApusTestSupport
import Foundation
import Testing

/// Adds a number to its operand; `double` gives the sum twice, one behind the other.
private struct AddTo: CustomOperator {
  static let domain = "com.example"
  static let name = "AddTo"

  let number: Double
  let table: Int?

  init(attributes: OperatorAttributes) throws {
    number = attributes.real("number") ?? 0
    table = attributes.operand("table")
    guard number >= 0 else { throw CustomOperatorError("number must not be negative") }
  }

  func results(for operands: [TensorDescription?]) throws -> [TensorDescription] {
    var result: TensorDescription = try operands.required(0)
    guard let shape = result.shape else { return [result] }
    result.shape = shape.enumerated().map { $0 == 0 ? $1 * 2 : $1 }
    return [result]
  }

  func evaluate(_ operands: [Tensor?]) throws -> [Tensor] {
    let input: Tensor = try operands.required(0)
    let extra = try table.map { try (operands.required($0) as Tensor).doubles[0] } ?? 0
    let sums = input.doubles.map { $0 + number + extra }
    var shape = input.shape
    shape[0] *= 2
    return [try Tensor(sums + sums, as: input.type, shape: shape)]
  }
}

/// Twice what `AddTo` is asked for, under its name.
private struct Impostor: CustomOperator {
  static let domain = "com.example"
  static let name = "AddTo"
  init(attributes: OperatorAttributes) throws {}
  func results(for operands: [TensorDescription?]) throws -> [TensorDescription] {
    throw CustomOperatorError("not this one")
  }
  func evaluate(_ operands: [Tensor?]) throws -> [Tensor] { [] }
}

@Suite struct CustomOperatorTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ node: String, input: String = "float[n, 2] x") throws -> String {
    let path = folder.file("m.onnxtxt")
    let text = """
      <ir_version: 10, opset_import: ["" : 20, "com.example" : 1]>
      custom (\(input)) => (y) { y0 = \(node) y = Neg(y0) }
      """
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  private func run(_ path: String, _ rows: Int) throws -> Tensor? {
    let library = OperatorLibrary([AddTo.self])
    let engine = folder.file("m.engine")
    try Model(contentsOf: path, operators: library).compile().save(to: engine)
    let session = try CompiledModel(contentsOf: engine, operators: library).makeSession()
    let values = (0..<rows * 2).map { Float($0) }
    return try session.run(["x": try Tensor(values, shape: [rows, 2])])["y"]
  }

  @Test(arguments: [1, 3]) func runsThroughAnEngineFile(_ rows: Int) throws {
    let result = try run(try write("com.example.AddTo<number = 10.0>(x)"), rows)
    let once = (0..<rows * 2).map { -Float($0) - 10 }
    #expect(result?.shape == [rows * 2, 2])
    #expect(result?.floats == once + once)
  }

  @Test func tensorAttributesAreOperands() throws {
    let result = try run(
      try write("com.example.AddTo<number = 1.0, table = float[1] {5}>(x)"), 1)
    #expect(result?.floats == [-6, -7, -6, -7])
  }

  @Test func refusals() throws {
    let library = OperatorLibrary([AddTo.self])
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "nothing was thrown"
    }
    let bad = try write("com.example.AddTo<number = -1.0>(x)")
    #expect(
      message { _ = try Model(contentsOf: bad, operators: library) }
        .contains("node 'y0' (com.example.AddTo, opset 1): AddTo: number must not be negative"))
    let good = try write("com.example.AddTo(x)")
    let unknown = message { _ = try Model(contentsOf: good) }
    #expect(unknown.contains("the operator is not supported"))
    #expect(unknown.contains("--plugins=LIBRARY.so"))
    #expect(
      message { _ = try Model(contentsOf: good, operators: OperatorLibrary([Impostor.self])) }
        .contains("not this one"))
    let engine = folder.file("m.engine")
    try Model(contentsOf: good, operators: library).compile().save(to: engine)
    #expect(
      message { _ = try CompiledModel(contentsOf: engine) }
        .contains("the custom operator 'com.example.AddTo' is not registered"))
  }
}
