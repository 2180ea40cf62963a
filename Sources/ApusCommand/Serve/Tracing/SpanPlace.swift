#if Server
internal import Tracing

/// Which span of which trace: 32 and 16 hexadecimal digits (W3C Trace Context, section 3.2.2).
struct SpanPlace: Hashable, Sendable {
  let trace: String
  let span: String

  /// A new span in the trace of `parent`, or in one of its own.
  init(below parent: SpanPlace?) {
    trace =
      parent?.trace ?? Self.hex(.random(in: 1...UInt64.max)) + Self.hex(.random(in: 0...UInt64.max))
    span = Self.hex(.random(in: 1...UInt64.max))
  }

  /// What a `traceparent` header says; nil where it says nothing.
  init?(traceParent: String) {
    let parts = traceParent.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[0].count == 2, parts[1].count == 32, parts[2].count == 16,
      parts[1...2].allSatisfy(Self.isIdentifier)
    else { return nil }
    trace = String(parts[1])
    span = String(parts[2])
  }

  var traceParent: String { "00-\(trace)-\(span)-01" }

  /// Lower-case digits that are not all zero.
  private static func isIdentifier(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
      && text.utf8.contains { $0 != 0x30 }
  }

  private static func hex(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension InstrumentationContext {
  private enum Key: InstrumentationContextKey {
    typealias Value = SpanPlace
  }

  /// The span that what happens in this context is part of.
  var span: SpanPlace? {
    get { self[Key.self] }
    set { self[Key.self] = newValue }
  }
}
#endif
