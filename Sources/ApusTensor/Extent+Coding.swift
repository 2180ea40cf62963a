/// The form of shapes in files: an extent is its canonical terms; reading adds them up again, so
/// that what is read is canonical whatever the bytes say.
extension ByteWriter {
  package mutating func write(_ extent: Extent) {
    switch extent {
    case .fixed(let value):
      write(byte: 0)
      write(integer: value)
    case .expression(let polynomial):
      write(byte: 1)
      write(count: polynomial.terms.count)
      for term in polynomial.terms {
        write(integer: term.coefficient)
        write(count: term.factors.count)
        for factor in term.factors { write(factor) }
      }
    }
  }

  private mutating func write(_ atom: Polynomial.Atom) {
    switch atom {
    case .symbol(let name):
      write(byte: 0)
      write(text: name)
    case .quotient: write(byte: 1)
    case .minimum: write(byte: 2)
    case .maximum: write(byte: 3)
    case .overflow: write(byte: 4)
    case .broadcast: write(byte: 5)
    }
    for operand in atom.operands { write(operand) }
  }

  package mutating func write(_ element: ElementType) { write(byte: element.rawValue) }

  package mutating func write(_ shape: Shape) {
    guard let extents = shape.extents else {
      write(count: 0)
      return
    }
    write(count: extents.count + 1)
    for extent in extents { write(extent) }
  }

  package mutating func write(_ type: TensorType) {
    write(type.element)
    write(type.shape)
  }
}

extension ByteReader {
  /// The most dimensions that a type in a file may have.
  package static let rankLimit = 64

  package mutating func readExtent() throws(CodingError) -> Extent {
    try readExtent(depth: Extent.depthLimit)
  }

  private mutating func readExtent(depth: Int) throws(CodingError) -> Extent {
    let start = offset
    guard depth > 0 else { throw .malformed("an extent is nested too deeply", offset: start) }
    switch try readByte() {
    case 0: return .fixed(try readInteger())
    case 1: break
    case let tag: throw .malformed("\(tag) is no kind of extent", offset: start)
    }
    var sum = Extent.zero
    for _ in 0..<(try readCount("terms", minimumBytes: 2, limit: Polynomial.termLimit)) {
      var product = Extent.fixed(try readInteger())
      for _ in 0..<(try readCount("factors", limit: Polynomial.factorLimit)) {
        product = product * (try readFactor(depth: depth))
      }
      sum = sum + product
    }
    guard !sum.isOverflow else { throw .malformed("an extent is too large", offset: start) }
    return sum
  }

  private mutating func readFactor(depth: Int) throws(CodingError) -> Extent {
    let start = offset
    let tag = try readByte()
    if tag == 0 { return .symbol(try readText("symbol")) }
    guard [1, 2, 3, 5].contains(tag) else {
      throw .malformed("\(tag) is no kind of factor", offset: start)
    }
    let left = try readExtent(depth: depth - 1)
    let right = try readExtent(depth: depth - 1)
    return switch tag {
    case 1: left.floorDivided(by: right)
    case 2: .minimum(left, right)
    case 3: .maximum(left, right)
    default: .broadcast(left, right)
    }
  }

  package mutating func readElement() throws(CodingError) -> ElementType {
    let start = offset
    let code = try readByte()
    guard let element = ElementType(rawValue: code) else {
      throw .malformed("\(code) is no element type", offset: start)
    }
    return element
  }

  package mutating func readShape() throws(CodingError) -> Shape {
    let rank = try readCount("rank", limit: Self.rankLimit + 1)
    guard rank > 0 else { return .unranked }
    var extents: [Extent] = []
    for _ in 1..<rank { extents.append(try readExtent()) }
    return .ranked(extents)
  }

  package mutating func readType() throws(CodingError) -> TensorType {
    let start = offset
    let element = try readElement()
    let shape = try readShape()
    for extent in shape.extents ?? [] where (extent.fixed ?? 0) < 0 {
      throw .malformed("dimension \(extent) is negative", offset: start)
    }
    return TensorType(element, shape)
  }

  /// A shape of numbers.
  package mutating func readFixedShape() throws(CodingError) -> [Int] {
    let start = offset
    guard let shape = try readShape().fixed, shape.allSatisfy({ $0 >= 0 }) else {
      throw .malformed("a shape is not fixed", offset: start)
    }
    return shape
  }
}
