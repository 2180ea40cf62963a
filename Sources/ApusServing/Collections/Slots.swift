/// Values in places that are used again. The number of a place that was given to another value finds nothing.
struct Slots<Value> {
  struct Number: Hashable, Sendable {
    fileprivate let place: Int
    fileprivate let use: UInt32
  }

  private struct Place {
    var value: Value?
    /// How often it was given away.
    var use: UInt32 = 0
    /// The place that is free as well; -1 behind the last.
    var nextFree = -1
  }

  private var places: [Place] = []
  private var firstFree = -1
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func insert(_ value: Value) -> Number {
    count += 1
    guard firstFree >= 0 else {
      places.append(Place(value: value))
      return Number(place: places.count - 1, use: 0)
    }
    let place = firstFree
    firstFree = places[place].nextFree
    places[place].value = value
    return Number(place: place, use: places[place].use)
  }

  /// Changes a value in its place; nil where there is none any more.
  mutating func modify<Result>(_ number: Number, _ body: (inout Value) -> Result) -> Result? {
    guard contains(number) else { return nil }
    // A place that is free has another use.
    return body(&places[number.place].value!)
  }

  mutating func remove(_ number: Number) {
    guard contains(number) else { return }
    places[number.place].value = nil
    places[number.place].use &+= 1
    places[number.place].nextFree = firstFree
    firstFree = number.place
    count -= 1
  }

  mutating func removeAll() {
    for place in places.indices where places[place].value != nil {
      remove(Number(place: place, use: places[place].use))
    }
  }

  subscript(number: Number) -> Value? { contains(number) ? places[number.place].value : nil }

  func contains(_ number: Number) -> Bool { places[number.place].use == number.use }

  var values: [Value] { places.compactMap(\.value) }
}
