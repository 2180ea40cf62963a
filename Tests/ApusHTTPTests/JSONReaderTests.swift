#if Server
import ApusServing
import NIOCore
import Testing

@testable import ApusHTTP

@Suite struct JSONReaderTests {
  @Test func readsEveryKindOfValue() throws {
    let value = try parse(
      #" {"a": [1, -2.5, true, false, null], "b": {"c": "text"}, "": [] , "d":{}} "#)
    #expect(
      value["a"]
        == .array([
          .number(.integer(1)), .number(.double(-2.5)), .bool(true), .bool(false), .null,
        ]))
    #expect(value["b"]?["c"] == .string("text"))
    #expect(value[""] == .array([]))
    #expect(value["d"] == .object([]))
  }

  @Test(arguments: [
    ("0", JSONNumber.integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
    ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .unsigned(1 << 63)),
    ("18446744073709551615", .unsigned(.max)), ("Infinity", .double(.infinity)),
    ("-Infinity", .double(-.infinity)), ("Inf", .double(.infinity)),
  ])
  func readsNumbersExactly(_ text: String, _ expected: JSONNumber) throws {
    #expect(try parse(text) == .number(expected))
  }

  @Test(arguments: [
    "18446744073709551616", "-9223372036854775809", "1e2", "1.0", "-1.5E-3", "0.1",
    "123456789012345678901234567890", "2.2250738585072011e-308", "5e-324", "1e-400",
    "9007199254740993.0", "0.000000000000000000000000000001", "179769313486231570000e288",
    "7.2057594037927933e16", "1.00000000000000011102230246251565", "-0.0",
  ])
  func roundsToTheNearestDouble(_ text: String) throws {
    #expect(try parse(text) == .number(.double(try #require(Double(text)))))
  }

  @Test func readsNotANumber() throws {
    guard case .number(.double(let value)) = try parse("NaN") else {
      Issue.record("no number")
      return
    }
    #expect(value.isNaN)
  }

  @Test(arguments: [
    (#""""#, ""), (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz"),
    (#""\u0041\u00e4\u20AC""#, "Aä€"), (#""\ud83d\ude00""#, "😀"), (#""a\u0000b""#, "a\0b"),
    ("\"grüße 😀\"", "grüße 😀"),
  ])
  func resolvesEscapes(_ text: String, _ expected: String) throws {
    #expect(try parse(text) == .string(expected))
  }

  @Test(arguments: [
    ("", "expected a value, the text ends at line 1, column 1 (byte 0)"),
    ("{\"a\":1,}", "expected a key in quotes, found '}' at line 1, column 8 (byte 7)"),
    ("[1,\n 2,]", "expected a value after ',', found ']' at line 2, column 4 (byte 7)"),
    ("{\"a\" 1}", "expected ':', found '1'"), ("[1 2]", "expected ',' or ']', found '2'"),
    ("{\"a\":1 \"b\":2}", "expected ',' or '}', found '\"'"),
    ("{1:2}", "expected a key in quotes"),
    ("01", "a number does not begin with 0"), ("1.", "expected a digit after '.'"),
    ("1e", "expected a digit of an exponent"), ("-", "expected a value"),
    ("+1", "expected a value"),
    (".5", "expected a value"), ("nul", "expected a value"), ("tru", "expected true or false"),
    ("1 2", "unexpected text after the end"), ("1e999", "beyond the range of doubles"),
    ("{\"a\":1,\"a\":2}", "the key 'a' comes twice"), ("\"abc", "a text that does not end"),
    ("\"a\u{1}\"", "a control character in a text at line 1, column 3 (byte 2)"),
    (#""\x""#, "an escape that JSON does not have"), (#""\ud83d""#, "half of a surrogate pair"),
    (#""\ud83dx""#, "half of a surrogate pair"), (#""\ude00""#, "half of a surrogate pair"),
    (#""\u12g4""#, "four hexadecimal digits"), (#""\u12"#, "four hexadecimal digits"),
    ("[", "expected a value"), ("{", "expected a key in quotes"), ("\"\\", "does not end"),
  ])
  func saysWhatIsWrongAndWhere(_ text: String, _ expected: String) {
    #expect(message(text).contains(expected), "\(message(text))")
  }

  @Test func refusesWhatIsNotUTF8() throws {
    #expect(throws: ServingError.self) {
      try JSONReader.parse(ByteView([0x22, 0xC3, 0x28, 0x22]))
    }
    #expect(throws: ServingError.self) {
      try JSONReader.parse(ByteView([0x22, 0x5C, 0x6E, 0xED, 0xA0, 0x80, 0x22]))
    }
  }

  @Test func limitsNesting() throws {
    let deep = { (depth: Int) in
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try parse(deep(100))
    #expect(message(deep(101)).contains("nesting depth exceeds maximum allowed limit (100)"))
    #expect(message(deep(1_000_000)).contains("nesting depth"))
    // Depth is that of the place, not a count of brackets.
    _ = try parse("[" + Array(repeating: deep(99), count: 3).joined(separator: ",") + "]")
  }

  @Test func writesWhatItReads() throws {
    let texts = ["plain", "\"\\\n\r\t\u{1}\u{1F}\u{7F}", "ä€😀", ""]
    for text in texts {
      var writer = JSONWriter()
      writer.string(text)
      #expect(try parse(String(decoding: writer.bytes, as: UTF8.self)) == .string(text))
      writer = JSONWriter()
      writer.string(utf8: Array(text.utf8))
      #expect(try parse(String(decoding: writer.bytes, as: UTF8.self)) == .string(text))
    }
    for number: Double in [0.1, 1e300, -.leastNonzeroMagnitude, 1 / 3, 123456789.125, 1e16, -0.0] {
      var writer = JSONWriter()
      writer.number(number)
      var reader = JSONReader(try ByteView(writer.bytes))
      #expect(try reader.double().bitPattern == number.bitPattern)
    }
  }

  @Test func writesSpecialNumbersAsClientsReadThem() {
    var writer = JSONWriter()
    writer.array { writer in
      writer.number(Double.nan)
      writer.number(Float.infinity)
      writer.number(-Double.infinity)
      writer.number(Float(0.1))
    }
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "[NaN,Infinity,-Infinity,0.1]")
  }
}
#endif
