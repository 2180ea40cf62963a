/// The shape of a tensor as far as it is known.
package enum Shape: Hashable, Sendable {
  case ranked([Extent])
  case unranked

  package var extents: [Extent]? {
    if case .ranked(let extents) = self { extents } else { nil }
  }

  package var rank: Int? { extents?.count }

  /// The numbers, where every extent is fixed.
  package var fixed: [Int]? {
    guard let extents else { return nil }
    var numbers: [Int] = []
    numbers.reserveCapacity(extents.count)
    for extent in extents {
      guard let number = extent.fixed else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  package func substituting(_ bindings: [String: Int]) -> Shape {
    switch self {
    case .unranked: .unranked
    case .ranked(let extents): .ranked(extents.map { $0.substituting(bindings) })
    }
  }
}

extension Shape: ExpressibleByArrayLiteral {
  package init(arrayLiteral extents: Extent...) { self = .ranked(extents) }
}

/// Element type and shape of a tensor value.
package struct TensorType: Hashable, Sendable {
  package var element: ElementType
  package var shape: Shape

  package init(_ element: ElementType, _ shape: Shape) {
    self.element = element
    self.shape = shape
  }

  package init(_ element: ElementType, _ extents: [Extent]) {
    self.init(element, .ranked(extents))
  }

  package init(_ element: ElementType, fixed extents: [Int]) {
    self.init(element, .ranked(extents.map(Extent.fixed)))
  }

  package var extents: [Extent]? { shape.extents }
  package var rank: Int? { shape.rank }
  package var fixedShape: [Int]? { shape.fixed }

  /// Elements of a fixed shape; nil for a symbolic one or where the product leaves `Int`.
  package var elementCount: Int? { shape.fixed.flatMap(Swift.Array.product) }

  /// Packed bytes of a fixed shape; nil for a symbolic one or where the size leaves `Int`.
  package var byteCount: Int? { elementCount.flatMap(element.byteCount(of:)) }
}

extension Array where Element == Int {
  /// The product of non-negative extents, or nil where it leaves `Int` or one is negative.
  package static func product(_ extents: [Int]) -> Int? {
    if extents.contains(where: { $0 < 0 }) { return nil }
    if extents.contains(0) { return 0 }
    var product = 1
    for extent in extents {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }
}

extension Shape: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unranked: "[*]"
    case .ranked(let extents): "[" + extents.map(\.description).joined(separator: ", ") + "]"
    }
  }
}

extension TensorType: CustomStringConvertible {
  package var description: String { element.name + shape.description }
}
