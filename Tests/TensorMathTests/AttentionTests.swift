import DVLAMatrixProducts
import DVLATensorMath
import DVLATensors
import Glibc
import Testing

struct AttentionTests {
  struct Case: CustomStringConvertible, Sendable {
    let batch, queries, keys, heads, keyValueHeads: Int
    var headDim = 6
    var description: String { "\(batch) x \(queries) x \(keys), \(heads) / \(keyValueHeads) heads" }

    func inputs() -> (query: Tensor, key: Tensor, value: Tensor) {
      var random = RandomNumbers(seed: 7)
      return (
        random.reals([batch, queries, heads * headDim]),
        random.reals([batch, keys, keyValueHeads * headDim]),
        random.reals([batch, keys, keyValueHeads * headDim])
      )
    }

    func attend(
      _ mask: AttentionMask = .all, path: ProductPath?, threads: Int = 2
    ) -> Tensor {
      let (query, key, value) = inputs()
      return Attention(heads: heads, keyValueHeads: keyValueHeads, headDim: headDim, path: path)(
        query: query, key: key, value: value, mask: mask, on: Compute(threads: threads))
    }

    func sees(_ sample: Int, _ row: Int, _ key: Int, under mask: AttentionMask) -> Bool {
      switch mask {
      case .all: true
      case .keys(let flags): flags[sample * keys + key]
      case .blocks(let flags, let ofKeys, let ofQueries):
        flags[sample * keys + key] && ofKeys[key] <= ofQueries[row]
      }
    }

    /// softmax(q kᵀ / √d) v in double precision.
    func exact(_ mask: AttentionMask = .all) -> [Double] {
      let (query, key, value) = inputs()
      var result = [Double](repeating: 0, count: query.values.count)
      for sample in 0..<batch {
        for row in 0..<queries {
          for head in 0..<heads {
            let from = ((sample * queries + row) * heads + head) * headDim
            let shared = head / (heads / keyValueHeads)
            func place(_ key: Int) -> Int {
              ((sample * keys + key) * keyValueHeads + shared) * headDim
            }
            let seen = (0..<keys).filter { sees(sample, row, $0, under: mask) }
            let scores = seen.map { index in
              (0..<headDim).reduce(0) {
                $0 + Double(query.values[from + $1]) * Double(key.values[place(index) + $1])
              } / Double(headDim).squareRoot()
            }
            let weights = scores.map(exp)
            let total = weights.reduce(0, +)
            for (index, weight) in zip(seen, weights) {
              for channel in 0..<headDim {
                result[from + channel] +=
                  weight / total * Double(value.values[place(index) + channel])
              }
            }
          }
        }
      }
      return result
    }
  }

  static let cases = [
    Case(batch: 1, queries: 1, keys: 1, heads: 1, keyValueHeads: 1),
    Case(batch: 2, queries: 5, keys: 9, heads: 4, keyValueHeads: 4),
    Case(batch: 3, queries: 7, keys: 4, heads: 8, keyValueHeads: 1),
    Case(batch: 2, queries: 9, keys: 11, heads: 6, keyValueHeads: 2, headDim: 3),
    // Rows are taken up to 48 at a time: here 45, of 7 queries and half of another. Without FMA
    // they are 256, or 128 of several heads: here 111, of 18 queries and half of another.
    Case(batch: 2, queries: 37, keys: 6, heads: 6, keyValueHeads: 1),
    Case(batch: 2, queries: 300, keys: 17, heads: 2, keyValueHeads: 1),
    Case(batch: 1, queries: 513, keys: 5, heads: 2, keyValueHeads: 2),
  ]

  /// Both ways to multiply in float32; the second is that of processors without FMA.
  static let float32Paths = [ProductPath.bestOfF32, nil]

  /// Scores stay below 2.5 and are off by 8 / 2^24 of that, which weights are twice; sums of as
  /// many as 17 weighted values add 19 / 2^24: below 4e-6.
  static let tolerance = 4e-6

  static func expectEqual(_ found: Tensor, _ exact: [Double]) {
    #expect(found.values.count == exact.count)
    let worst = zip(found.values, exact).map { (Double($0) - $1).magnitude }.max() ?? 0
    // A NaN is not below it.
    #expect(worst < tolerance && found.values.allSatisfy(\.isFinite), "\(worst)")
  }

  @Test(arguments: cases, float32Paths)
  func isTheFormulaInEveryHead(_ its: Case, _ path: ProductPath?) {
    let found = its.attend(path: path)
    #expect(found.shape == [its.batch, its.queries, its.heads * its.headDim])
    Self.expectEqual(found, its.exact())
  }

  @Test(arguments: cases, float32Paths)
  func hiddenKeysTakeNoPart(_ its: Case, _ path: ProductPath?) {
    var random = RandomNumbers(seed: 8)
    var visible = (0..<its.batch * its.keys).map { _ in random.integer(1) > 0 }
    for sample in 0..<its.batch { visible[sample * its.keys] = true }
    Self.expectEqual(its.attend(.keys(visible), path: path), its.exact(.keys(visible)))
    let all = [Bool](repeating: true, count: visible.count)
    #expect(its.attend(.keys(all), path: path) == its.attend(path: path))
  }

  @Test(arguments: float32Paths)
  func whoSeesNothingGetsZeros(_ path: ProductPath?) {
    let its = Case(batch: 3, queries: 4, keys: 5, heads: 4, keyValueHeads: 2)
    var visible = [Bool](repeating: true, count: 15)
    for key in 5..<10 { visible[key] = false }
    let found = its.attend(.keys(visible), path: path)
    Self.expectEqual(found, its.exact(.keys(visible)))
    let width = 4 * its.heads * its.headDim
    #expect(found.values[width..<2 * width].allSatisfy { $0 == 0 })
    #expect(!found.values[..<width].contains(0))
  }

  @Test(arguments: cases, float32Paths)
  func queriesSeeTheirBlockAndThoseBelow(_ its: Case, _ path: ProductPath?) {
    var random = RandomNumbers(seed: 9)
    let flags = (0..<its.batch * its.keys).map { _ in random.integer(1) > 0 }
    let mask = AttentionMask.blocks(
      keys: flags, ofKeys: (0..<its.keys).map { _ in random.integer(3) },
      ofQueries: (0..<its.queries).map { _ in random.integer(3) })
    Self.expectEqual(its.attend(mask, path: path), its.exact(mask))
    let nobody = AttentionMask.blocks(
      keys: flags, ofKeys: flags.indices.prefix(its.keys).map { _ in 1 },
      ofQueries: (0..<its.queries).map { _ in 0 })
    #expect(its.attend(nobody, path: path).values.allSatisfy { $0 == 0 })
  }

  @Test(arguments: cases, float32Paths)
  func anyNumberOfThreadsGivesTheSameBits(_ its: Case, _ path: ProductPath?) {
    let alone = its.attend(path: path, threads: 1)
    for threads in [2, 3, 5] { #expect(its.attend(path: path, threads: threads) == alone) }
  }

  @Test(arguments: float32Paths)
  func largeScoresDoNotOverflow(_ path: ProductPath?) {
    let query = Tensor([300, -300], shape: [1, 1, 2])
    let key = Tensor([300, 0, 0, 300], shape: [1, 2, 2])
    let value = Tensor([1, 2, 3, 4], shape: [1, 2, 2])
    let found = Attention(heads: 1, keyValueHeads: 1, headDim: 2, path: path)(
      query: query, key: key, value: value, on: Compute(threads: 1))
    #expect(found.values == [1, 2])
  }
}
