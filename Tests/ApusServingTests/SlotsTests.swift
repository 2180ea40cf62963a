import Testing

@testable import ApusServing

@Suite struct SlotsTests {
  @Test func placesAreUsedAgainAndOldNumbersFindNothing() {
    var slots = Slots<String>()
    let first = slots.insert("a")
    let second = slots.insert("b")
    slots.remove(first)
    #expect(slots[first] == nil && slots[second] == "b" && slots.count == 1)
    let third = slots.insert("c")
    #expect(slots[first] == nil && slots[third] == "c")
    #expect(!slots.contains(first) && slots.contains(third))
    slots.remove(first)
    #expect(slots.count == 2)
    #expect(slots.modify(first) { $0 = "lost" } == nil)
    #expect(slots.modify(third) { $0 += "!" } != nil)
    #expect(slots.values.sorted() == ["b", "c!"])
  }

  @Test func nothingIsAValueAsWell() {
    var slots = Slots<Int?>()
    let number = slots.insert(nil)
    #expect(slots.contains(number) && slots.count == 1)
    slots.modify(number) { $0 = 7 }
    #expect(slots[number] == 7)
  }

  @Test func allGoAtOnce() {
    var slots = Slots<Int>()
    let numbers = (0..<5).map { slots.insert($0) }
    slots.remove(numbers[2])
    slots.removeAll()
    #expect(slots.isEmpty && numbers.allSatisfy { !slots.contains($0) })
    #expect((0..<6).map { slots.insert($0) }.count == 6 && slots.count == 6)
  }
}
