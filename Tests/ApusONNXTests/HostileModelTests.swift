internal import ApusONNX
internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

/// Damaged models give errors or other models, never a trap.
@Suite struct HostileModelTests {
  private func bytes() throws -> [UInt8] {
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, ["n", 4])
    builder.initializer("w", try .floats([1, 2, 3, 4], [4, 1]))
    builder.node("MatMul", ["x", "w"], ["a"], name: "product")
    builder.node("Softmax", ["a"], ["b"], [.int("axis", 1)])
    builder.node("Shape", ["x"], ["s"])
    builder.node("Constant", [], ["one"], [.ints("value_ints", [1])])
    builder.node("Concat", ["s", "one"], ["t"], [.int("axis", 0)])
    builder.node("Reshape", ["x", "t"], ["y"])
    builder.output("y")
    builder.output("b")
    return try builder.serialized()
  }

  @Test func everyTruncationIsAnError() throws {
    let bytes = try bytes()
    for length in bytes.indices {
      #expect(throws: ImportError.self) {
        try ONNXImporter.run(ModelFile(ByteRange(copying: Array(bytes[..<length]))))
      }
    }
  }

  @Test func bitFlipsNeverTrap() throws {
    let bytes = try bytes()
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << bit
        _ = try? ONNXImporter.run(ModelFile(ByteRange(copying: damaged)))
      }
    }
  }

  @Test func deepNestingIsAnError() throws {
    var bytes: [UInt8] = []
    // attribute.g (6) > graph.node (1) > node.attribute (5), again and again.
    for level in 0..<3000 {
      let number: UInt8 = [5, 1, 6][level % 3]
      bytes = Self.field(number, bytes)
    }
    let model = [8, 8] + Self.field(7, Self.field(1, bytes))
    #expect(throws: ImportError.self) { try ModelFile(ByteRange(copying: model)) }
  }

  private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    var length = content.count
    var header: [UInt8] = [number << 3 | 2]
    while length >= 0x80 {
      header.append(UInt8(length & 0x7F) | 0x80)
      length >>= 7
    }
    return header + [UInt8(length)] + content
  }
}
