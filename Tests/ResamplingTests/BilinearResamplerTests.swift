import DVLAResampling
import DVLATensors
import DVLATestSupport
import Testing

@Suite struct BilinearResamplerTests {
  @Test(arguments: 0..<9, [false, true])
  func equalsTorch(number: Int, alignCorners: Bool) throws {
    let golden = try GoldenFile("goldens/resampling.safetensors")
    let name = "bilinear-\(alignCorners ? "aligned" : "unaligned").\(number)"
    let input = try golden.tensor(name + ".in")
    let expected = try golden.doubles(name + ".out")
    let shape = try golden.shape(name + ".out")
    let resampler = BilinearResampler(
      height: input.shape[0], width: input.shape[1], toHeight: shape[0], toWidth: shape[1],
      alignCorners: alignCorners)
    let result = run(resampler, 0..<shape[0], of: input)
    try #require(result.count == expected.count)
    let largest = input.values.map { abs($0) }.max() ?? 0
    for (ours, theirs) in zip(result, expected) {
      // Weights, products and sums each round once: three units of the largest sample.
      #expect(abs(Double(ours) - theirs) <= 3 * Double(largest.ulp))
    }
  }

  @Test func givesTheSameRowsInAnySplit() {
    let input = Tensor((0..<5 * 4 * 3).map { Float($0 * $0 % 17) }, shape: [5, 4, 3])
    let resampler = BilinearResampler(
      height: 5, width: 4, toHeight: 12, toWidth: 7, alignCorners: true)
    let whole = run(resampler, 0..<12, of: input)
    let parts = [0..<1, 1..<1, 1..<8, 8..<12].flatMap { run(resampler, $0, of: input) }
    #expect(parts == whole)
  }

  @Test func keepsCornersWhereTheyAreAligned() {
    let input = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3, 1])
    let resampler = BilinearResampler(
      height: 2, width: 3, toHeight: 7, toWidth: 10, alignCorners: true)
    let result = run(resampler, 0..<7, of: input)
    #expect([result[0], result[9], result[60], result[69]] == [1, 3, 4, 6])
  }

  private func run(
    _ resampler: BilinearResampler, _ rows: Range<Int>, of input: Tensor
  ) -> [Float] {
    let channels = input.shape[2]
    var result = [Float](repeating: .nan, count: rows.count * resampler.toWidth * channels)
    var span = result.mutableSpan
    resampler.rows(rows, of: input.values.span, channels: channels, into: &span)
    return result
  }
}
