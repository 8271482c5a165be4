import DVLAMatrixProducts
import Testing

/// The products of attention on every float32 path of this processor, against the steps that
/// `DVLACProducts.h` promises, one number at a time.
@Suite struct AttentionProductsTests {
  struct Sizes: CustomStringConvertible, Sendable {
    let queries, keys, headDim: Int
    /// Heads of keys and values, of which rows lie side by side.
    var heads = 2
    /// Elements between queries beside their own.
    var gap = 3
    var description: String { "\(queries) x \(keys) x \(headDim), \(heads) heads" }

    var shape: AttentionProducts.Shape {
      AttentionProducts.Shape(
        keys: keys, headDim: headDim, queryStride: headDim + gap, keyStride: heads * headDim)
    }
  }

  /// Around strips of 6 and 12 queries, 48 at a time; vectors of 16 and parts of 64 keys and
  /// elements; stages of 256 of either.
  static let sizes = [
    Sizes(queries: 1, keys: 1, headDim: 1, heads: 1),
    Sizes(queries: 5, keys: 15, headDim: 6),
    Sizes(queries: 12, keys: 16, headDim: 16, gap: 0),
    Sizes(queries: 7, keys: 33, headDim: 40),
    Sizes(queries: 47, keys: 64, headDim: 64),
    Sizes(queries: 48, keys: 65, headDim: 48, heads: 1),
    Sizes(queries: 50, keys: 130, headDim: 72, heads: 3),
    Sizes(queries: 6, keys: 256, headDim: 256, heads: 1),
    Sizes(queries: 13, keys: 300, headDim: 20),
    Sizes(queries: 3, keys: 700, headDim: 17),
    Sizes(queries: 2, keys: 20, headDim: 300),
  ]
  static let paths = ProductPath.available.filter { $0.nativeWeights == .f32 }

  static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    Operands(
      StoredProductTests.Sizes(tokens: 1, inputs: max(count, 1), outputs: 1), of: .f32, seed: seed
    ).x
  }

  /// A sum as it is promised: parts of 128 products by fused steps, then the parts.
  static func sum(_ count: Int, _ terms: (Int) -> (Float, Float)) -> Float {
    var result: Float = 0
    for first in stride(from: 0, to: count, by: 128) {
      var total: Float = 0
      for index in first..<min(count, first + 128) {
        let (a, b) = terms(index)
        total.addProduct(a, b)
      }
      result = first == 0 ? total : result + total
    }
    return result
  }

  /// What the caller makes of scores: here halves, of which each depends on its place.
  static func weight(_ score: Float, key: Int) -> Float { score * 0.5 + Float(key % 3) }

  @Test(arguments: sizes, paths)
  func everyPathGivesTheBitsOfThePromisedSums(_ its: Sizes, _ path: ProductPath) {
    let shape = its.shape
    let query = Self.numbers(shape.elements(ofQueries: its.queries), seed: 31)
    let key = Self.numbers(its.keys * shape.keyStride, seed: 32)
    let value = Self.numbers(its.keys * shape.keyStride, seed: 33)
    let products = AttentionProducts(path, shape, heads: its.heads)
    for head in 0..<its.heads {
      let start = head * its.headDim
      for part in (0..<products.parts).reversed() {
        products.arrange(
          head: head, part: part, key: key.span.extracting(start..<key.count),
          value: value.span.extracting(start..<value.count))
      }
    }
    for head in (0..<its.heads).reversed() {
      var found = [Float](repeating: 123, count: query.count)
      var span = found.mutableSpan
      let step = AttentionProducts.queriesAtOnce
      for first in stride(from: 0, to: its.queries, by: step) {
        let count = min(step, its.queries - first)
        let range =
          first * shape.queryStride..<first * shape.queryStride + shape.elements(ofQueries: count)
        var part = span._mutatingExtracting(range)
        products.multiply(
          head: head, query: query.span.extracting(range), queries: count,
          weigh: { index, scores in
            #expect(scores.count == its.keys && (0..<count).contains(index))
            for key in 0..<scores.count { scores[key] = Self.weight(scores[key], key: key) }
          }, into: &part)
      }
      // What lies between the queries stays.
      var expected = [Float](repeating: 123, count: query.count)
      for index in 0..<its.queries {
        let weights = (0..<its.keys).map { place in
          let at = place * shape.keyStride + head * its.headDim
          let score = Self.sum(its.headDim) {
            (query[index * shape.queryStride + $0], key[at + $0])
          }
          return Self.weight(score, key: place)
        }
        for element in 0..<its.headDim {
          expected[index * shape.queryStride + element] = Self.sum(its.keys) {
            (weights[$0], value[$0 * shape.keyStride + head * its.headDim + element])
          }
        }
      }
      #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "head \(head)")
    }
  }

  /// Whatever lies behind the last key: 3, 7 and 11 are the scores, 0, 7 and 22 the weights.
  @Test(arguments: paths)
  func paddingTakesNoPart(_ path: ProductPath) {
    let shape = AttentionProducts.Shape(keys: 3, headDim: 2, queryStride: 2, keyStride: 2)
    let products = AttentionProducts(path, shape, heads: 1)
    let key: [Float] = [1, 2, 3, 4, 5, 6, .nan, .infinity]
    products.arrange(head: 0, part: 0, key: key.span, value: key.span)
    var found: [Float] = [123, 123]
    var span = found.mutableSpan
    let query: [Float] = [1, 1]
    products.multiply(
      head: 0, query: query.span, queries: 1, weigh: { for key in 0..<3 { $1[key] *= Float(key) } },
      into: &span)
    #expect(found == [131, 160])
  }
}
