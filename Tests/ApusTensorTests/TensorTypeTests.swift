import ApusTensor
import Testing

@Suite struct TensorTypeTests {
  @Test func products() {
    #expect([Int].product([]) == 1)
    #expect([Int].product([2, 3, 4]) == 24)
    #expect([Int].product([.max, 0, .max]) == 0)
    #expect([Int].product([.max, 2]) == nil)
    #expect([Int].product([-1, 0]) == nil)
  }

  @Test func sizes() {
    #expect(TensorType(.int4, fixed: [3]).byteCount == 2)
    #expect(TensorType(.uint2, fixed: [5]).byteCount == 2)
    #expect(TensorType(.complex128, fixed: [2, 2]).byteCount == 64)
    #expect(TensorType(.float32, fixed: [1 << 62]).byteCount == nil)
    #expect(TensorType(.float32, [.symbol("n")]).elementCount == nil)
    #expect(TensorType(.float32, .unranked).byteCount == nil)
  }

  @Test func shapes() {
    let shape: Shape = [.symbol("n"), 4]
    #expect(shape.rank == 2 && shape.fixed == nil)
    #expect(shape.substituting(["n": 2]).fixed == [2, 4])
    #expect(Shape.unranked.substituting(["n": 2]) == .unranked)
    #expect("\(TensorType(.bfloat16, shape))" == "bf16[n, 4]")
    #expect("\(TensorType(.bool, .unranked))" == "bool[*]")
  }

  @Test(arguments: ElementType.allCases)
  func names(element: ElementType) {
    #expect(ElementType(name: element.name) == element)
    #expect(ElementType(rawValue: element.rawValue) == element)
    #expect(element.byteCount(of: 8) == element.bitWidth)
    #expect(element.byteCount(of: -8) == nil || element == .string)
  }
}
