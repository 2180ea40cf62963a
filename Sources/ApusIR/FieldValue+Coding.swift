internal import ApusLoops
package import ApusTensor

/// The form of operator fields in files: a tag and the value.
extension ByteWriter {
  package mutating func write(_ value: FieldValue) {
    switch value {
    case .none: write(byte: 0)
    case .integer(let integer):
      write(byte: 1)
      write(integer: integer)
    case .real(let real):
      write(byte: 2)
      write(real: real)
    case .flag(let flag):
      write(byte: 3)
      write(flag: flag)
    case .text(let text):
      write(byte: 4)
      write(text: text)
    case .integers(let integers):
      write(byte: 5)
      write(count: integers.count)
      for integer in integers { write(integer: integer) }
    case .reals(let reals):
      write(byte: 6)
      write(count: reals.count)
      for real in reals { write(real: real) }
    case .texts(let texts):
      write(byte: 7)
      write(count: texts.count)
      for text in texts { write(text: text) }
    case .element(let element):
      write(byte: 8)
      write(element)
    case .extents(let extents):
      write(byte: 9)
      write(count: extents.count)
      for extent in extents { write(extent) }
    case .program(let program):
      write(byte: 10)
      write(text: program.description)
    case .body(let body):
      write(byte: 11)
      body.graph.encodeWhole(into: &self)
    case .type(let type):
      write(byte: 12)
      write(type)
    case .named(let entries):
      write(byte: 13)
      write(count: entries.count)
      for entry in entries {
        write(text: entry.name)
        write(entry.value)
      }
    case .operand(let index):
      write(byte: 14)
      write(integer: index)
    }
  }
}

extension ByteReader {
  /// `depth` bounds how deep bodies may still nest; `custom` supplies operators to those bodies.
  package mutating func readFieldValue(
    depth: Int = Body.nestingLimit, custom: CustomOperators = CustomOperators()
  ) throws(CodingError) -> FieldValue {
    let start = offset
    switch try readByte() {
    case 0: return .none
    case 1: return .integer(try readInteger())
    case 2: return .real(try readReal())
    case 3: return .flag(try readFlag())
    case 4: return .text(try readText("text"))
    case 5:
      var integers: [Int] = []
      for _ in 0..<(try readCount("integers")) { integers.append(try readInteger()) }
      return .integers(integers)
    case 6:
      var reals: [Double] = []
      for _ in 0..<(try readCount("reals", minimumBytes: 8)) { reals.append(try readReal()) }
      return .reals(reals)
    case 7:
      var texts: [String] = []
      for _ in 0..<(try readCount("texts")) { texts.append(try readText("text")) }
      return .texts(texts)
    case 8: return .element(try readElement())
    case 9:
      var extents: [Extent] = []
      for _ in 0..<(try readCount("extents", minimumBytes: 2)) {
        extents.append(try readExtent())
      }
      return .extents(extents)
    case 10:
      let text = try readText("program")
      do { return .program(try Program(text: text)) } catch {
        throw .malformed("\(error)", offset: start)
      }
    case 11:
      guard depth > 0 else { throw .malformed("bodies are nested too deeply", offset: start) }
      do {
        return .body(Body(try Graph.decodeWhole(from: &self, depth: depth - 1, custom: custom)))
      } catch {
        throw .malformed("a body: \(error)", offset: start)
      }
    case 12: return .type(try readValueType())
    case 13:
      guard depth > 0 else { throw .malformed("fields are nested too deeply", offset: start) }
      var entries: [CustomAttributes.Entry] = []
      for _ in 0..<(try readCount("attributes", minimumBytes: 2)) {
        let name = try readText("attribute")
        entries.append(.init(name, try readFieldValue(depth: depth - 1, custom: custom)))
      }
      return .named(entries)
    case 14: return .operand(try readInteger())
    case let tag: throw .malformed("\(tag) is no kind of field", offset: start)
    }
  }
}
