import DVLAMatrixProducts
import DVLAParallelism
import Synchronization
import Testing

@Suite struct MatrixProductTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var m, n, k: Int
    var testDescription: String { "\(m) x \(n) x \(k)" }
  }

  /// Around the blocks of OpenBLAS's kernels, and those of attention and of layers.
  static let shapes: [Shape] =
    [1, 2, 3, 7, 16, 17].flatMap { m in
      [1, 5, 16, 33].flatMap { n in [1, 3, 8, 64, 65].map { Shape(m: m, n: n, k: $0) } }
    } + [
      Shape(m: 257, n: 257, k: 64), Shape(m: 257, n: 64, k: 257), Shape(m: 1, n: 600, k: 300),
      Shape(m: 130, n: 100, k: 600),
    ]

  /// Elements are multiples of 2^-8 no larger than 1: their products are multiples of 2^-16, and
  /// sums of up to 256 of them float32 numbers, whatever the order. Longer ones round.
  @Test(arguments: shapes, [0, 5])
  func equalsSumsInFloat64(shape: Shape, gap: Int) {
    let a = Matrix.random(rows: shape.m, columns: shape.k, gap: gap, seed: 1)
    let b = Matrix.random(rows: shape.n, columns: shape.k, gap: gap, seed: 2)
    let old = Matrix.random(rows: shape.m, columns: shape.n, gap: gap, seed: 3)
    let unset = Matrix(rows: shape.m, columns: shape.n, gap: gap) { _, _ in .nan }
    // Of large results, every eleventh row and column and the last.
    let rows = sample(shape.m)
    let columns = sample(shape.n)
    let sums = rows.map { row in columns.map { sum(a, row, b, $0) } }
    for accumulating in [false, true] {
      let initial = accumulating ? old : unset
      let results = [
        timesTransposed(a, b, into: initial, accumulating: accumulating),
        times(a, b.transposed, into: initial, accumulating: accumulating),
      ]
      for result in results {
        #expect(result.surroundings == initial.surroundings)
        var worst = 0.0
        for (row, sums) in zip(rows, sums) {
          for (column, sum) in zip(columns, sums) {
            let expected = sum + (accumulating ? Double(old[row, column]) : 0)
            let error = abs(Double(result[row, column]) - expected)
            // Written so that a NaN is kept.
            worst = error <= worst ? worst : error
          }
        }
        #expect(worst <= (shape.k <= 256 ? 0 : 1e-4), "adding: \(accumulating)")
      }
    }
  }

  private func sample(_ count: Int) -> [Int] {
    count <= 40 ? Array(0..<count) : Array(stride(from: 0, to: count, by: 11)) + [count - 1]
  }

  /// The float64 sum of the products of a row of `a` and one of `b`.
  private func sum(_ a: Matrix, _ row: Int, _ b: Matrix, _ column: Int) -> Double {
    var sum = 0.0
    for i in 0..<a.columns { sum += Double(a[row, i]) * Double(b[column, i]) }
    return sum
  }

  @Test(arguments: [Shape(m: 0, n: 3, k: 4), Shape(m: 3, n: 0, k: 4), Shape(m: 3, n: 2, k: 0)])
  func aSumOfNothingIsZero(shape: Shape) {
    let a = Matrix.random(rows: shape.m, columns: shape.k, seed: 1)
    let b = Matrix.random(rows: shape.n, columns: shape.k, seed: 2)
    let unset = Matrix(rows: shape.m, columns: shape.n) { _, _ in .nan }
    let ones = Matrix(rows: shape.m, columns: shape.n) { _, _ in 1 }
    for row in 0..<shape.m {
      for column in 0..<shape.n {
        #expect(timesTransposed(a, b, into: unset)[row, column] == 0)
        #expect(times(a, b.transposed, into: unset)[row, column] == 0)
        #expect(timesTransposed(a, b, into: ones, accumulating: true)[row, column] == 1)
      }
    }
    #expect(timesTransposed(a, b, into: unset).surroundings == unset.surroundings)
  }

  @Test func threadsThatMultiplyAtOnceGetTheBitsOfOneAlone() {
    // Large enough that OpenBLAS would divide them among threads of its own.
    let shapes = [Shape(m: 96, n: 160, k: 300), Shape(m: 200, n: 64, k: 128)]
    let items = 48
    @Sendable func product(_ item: Int) -> [UInt32] {
      let shape = shapes[item % shapes.count]
      let a = Matrix.random(rows: shape.m, columns: shape.k, seed: UInt64(item))
      let b = Matrix.random(rows: shape.n, columns: shape.k, seed: UInt64(1000 + item))
      let zero = Matrix(rows: shape.m, columns: shape.n) { _, _ in 0 }
      return timesTransposed(a, b, into: zero).elements.map(\.bitPattern)
    }
    let alone = (0..<items).map(product)
    let together = Mutex([[UInt32]](repeating: [], count: items))
    let team = ThreadTeam(threads: 4)
    for _ in 0..<5 {
      team.run(items: items) { item, _ in
        let found = product(item)
        together.withLock { $0[item] = found }
      }
      #expect(together.withLock { $0 } == alone)
    }
  }

  @Test func aSpanThatEndsBeforeTheLastRowIsAMistake() async {
    // The last row needs only its own elements, not the gap behind it.
    var result = [Float](repeating: 0, count: 4)
    var span = result.mutableSpan
    MatrixProduct.timesTransposed(
      [Float](repeating: 1, count: 5).span, stride: 3, [1, 1, 1, 1].span, stride: 2, m: 2, n: 2,
      k: 2, into: &span, stride: 2)
    #expect(result == [2, 2, 2, 2])

    await #expect(processExitsWith: .failure) {
      var result = [Float](repeating: 0, count: 4)
      var span = result.mutableSpan
      MatrixProduct.timesTransposed(
        [Float](repeating: 1, count: 4).span, stride: 3, [1, 1, 1, 1].span, stride: 2, m: 2, n: 2,
        k: 2, into: &span, stride: 2)
    }
    await #expect(processExitsWith: .failure) {
      var result = [Float](repeating: 0, count: 3)
      var span = result.mutableSpan
      MatrixProduct.times(
        [1, 1, 1, 1].span, stride: 2, [1, 1, 1, 1].span, stride: 2, m: 2, n: 2, k: 2, into: &span,
        stride: 2)
    }
    await #expect(processExitsWith: .failure) {
      var result = [Float](repeating: 0, count: 4)
      var span = result.mutableSpan
      MatrixProduct.times(
        [1, 1, 1, 1].span, stride: 1, [1, 1, 1, 1].span, stride: 2, m: 2, n: 2, k: 2, into: &span,
        stride: 2)
    }
  }
}
