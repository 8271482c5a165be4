import MatrixProducts
import Testing

@Suite struct MatrixProductTests {
  @Test func multipliesByTheTransposed() {
    let a: [Float] = [1, 2, 3, 4, 5, 6]
    let b: [Float] = [1, 0, -1, 2, 2, 2]
    var result: [Float] = [.nan, .nan, .nan, .nan]
    var span = result.mutableSpan
    MatrixProduct.timesTransposed(
      a.span, stride: 3, b.span, stride: 3, m: 2, n: 2, k: 3, alpha: 2, into: &span, stride: 2)
    #expect(result == [-4, 24, -4, 60])
  }
}
