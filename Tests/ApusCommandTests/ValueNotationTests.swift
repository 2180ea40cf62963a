import Apus
import ApusCommand
import ApusONNX
import Testing

@Suite struct ValueNotationTests {
  @Test(
    arguments: [
      ("x:[1,3,224,224]:float32", "x", [1, 3, 224, 224], "f32"),
      ("x:1x3:int64", "x", [1, 3], "i64"),
      ("x:auto:auto", "x", nil, nil),
      ("x:auto", "x", nil, nil),
      ("x", "x", nil, nil),
      ("x:0", "x:0", nil, nil),
      ("x:0:auto:float16", "x:0", nil, "f16"),
      ("x:0:auto:auto", "x:0", nil, nil),
      ("scope/x:[]:bool", "scope/x", [], "bool"),
      ("'odd:auto':[2]", "odd:auto", [2], nil),
    ] as [(String, String, [Int]?, String?)])
  func notations(_ text: String, _ name: String, _ shape: [Int]?, _ element: String?) throws {
    let item = try ValueNotation.parse(text)
    #expect(item.name == name)
    #expect(item.shape == shape?.map { .number($0) })
    #expect(item.element.map { "\($0)" } == Self.elements[element ?? ""])
  }

  private static let elements = [
    "f32": "float32", "i64": "int64", "f16": "float16", "bool": "bool",
  ]

  @Test func extentsMayBeNamesOrUnknown() throws {
    let item = try ValueNotation.parse("x:[batch, ?, -1, 'seq len',4]")
    #expect(item.shape == [.symbol("batch"), .unknown, .unknown, .symbol("seq len"), .number(4)])
  }

  @Test func aNameMustBeThere() {
    #expect(throws: ApusError.self) { try ValueNotation.parse(":[1]:float32") }
  }
}
