import DVLAKernels
import Testing

@Suite struct Int8KernelTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var matrix: String
    var rows, columns, group: Int
    var method: Int8Kernel.Method
    var testDescription: String { "\(matrix).\(group).\(method)" }
  }

  static let cases: [Case] =
    [384, 32, 64, 128].flatMap { group in
      [
        Case(matrix: "wide", rows: 8, columns: 384, group: group, method: .absoluteMaximum),
        Case(matrix: "wide", rows: 8, columns: 384, group: group, method: .leastSquares),
      ]
    } + [
      Case(matrix: "narrow", rows: 5, columns: 77, group: 77, method: .absoluteMaximum),
      Case(matrix: "narrow", rows: 5, columns: 77, group: 77, method: .leastSquares),
    ]

  @Test(arguments: InstructionSet.available, cases)
  func equalsFloat64ArithmeticInValuesScalesAndErrors(set: InstructionSet, its: Case) throws {
    let fixture = try Fixture()
    let name = its.testDescription
    let source = try fixture.bytes("\(its.matrix).source")
    let all = quantize(source, its.rows, its, set)
    #expect(try all.values == fixture.bytes("\(name).values"))
    #expect(try all.scales == fixture.bytes("\(name).scales"))
    #expect(all.firstNonFinite == nil)

    let rows = Int8Kernel.Rows(count: its.rows, columns: its.columns, group: its.group)
    let dequantized = run(all.values, resultCount: source.count, shift: 1) {
      unsafe Int8Kernel.dequantizeRows(
        values: $0, scales: all.scales.span.bytes, rows, into: &$1, using: set)
    }
    #expect(try numbers(dequantized) == numbers(fixture.bytes("\(name).dequantized")))

    let expected = try fixture.doubles("\(name).sums")
    var added = ErrorSums()
    for row in 0..<its.rows {
      let range = row * its.columns * 4..<(row + 1) * its.columns * 4
      let errors = quantize(Array(source[range]), 1, its, set).errors
      added.add(errors)
      let found = [
        errors.squaredError, errors.squaredSource, errors.squaredResult, errors.product,
        errors.maximumError,
      ]
      for (a, b) in zip(found, expected[row * 5..<row * 5 + 5]) {
        #expect(abs(a - b) <= 1e-14 * abs(b), "row \(row)")
      }
    }
    #expect(added == all.errors)
  }

  @Test(arguments: InstructionSet.available, [Int8Kernel.Method.absoluteMaximum, .leastSquares])
  func givesThePortableBitsForAnyShapeAndStart(set: InstructionSet, method: Int8Kernel.Method) {
    var random = RandomBytes(seed: 4)
    let shapes = awkwardCounts.map { ($0, $0) } + [(64, 32), (192, 64), (384, 128), (48, 16)]
    for (columns, group) in shapes {
      for rows in [0, 1, 3] {
        let source = encode(random.floats(rows * columns))
        let its = Case(matrix: "", rows: rows, columns: columns, group: group, method: method)
        let expected = quantize(source, rows, its, .portable)
        let found = quantize(source, rows, its, set, shift: 3)
        #expect(found.values == expected.values)
        #expect(found.scales == expected.scales)
        #expect(found.errors == expected.errors)
        #expect(!found.values.contains(0x80), "-128 is not a value")
      }
    }
  }

  /// Values that someone else quantized, -128 among them: one rounding to float32 each.
  @Test(arguments: InstructionSet.available)
  func float32ScalesAreMultipliedInFloat32(set: InstructionSet) {
    var random = RandomBytes(seed: 9)
    for (columns, group) in [(256, 256), (256, 32), (77, 77), (160, 16)] {
      let values = (0..<3 * columns).map { $0 == 5 ? Int8.min : Int8(truncatingIfNeeded: $0 * 37) }
      let scales = random.floats(3 * columns / group)
      let rows = Int8Kernel.Rows(count: 3, columns: columns, group: group)
      let scaleBytes = encode(scales)
      let found = run(encode(values), resultCount: 3 * columns * 4, shift: 1) {
        unsafe Int8Kernel.dequantizeRows(
          values: $0, scales: scaleBytes.span.bytes, of: .f32, rows, into: &$1, using: set)
      }
      let expected = values.enumerated().map { Float($1) * scales[$0 / group] }
      #expect(found == encode(expected))
    }
  }

  @Test(arguments: InstructionSet.available)
  func roundsTiesToEven(set: InstructionSet) {
    let its = Case(matrix: "", rows: 1, columns: 7, group: 7, method: .absoluteMaximum)
    let source = encode([127, 0.5, 1.5, 2.5, -0.5, -1.5, -126.5] as [Float])
    let values: [Int8] = decode(quantize(source, 1, its, set).values)
    #expect(values == [127, 0, 2, 2, 0, -2, -126])
  }

  @Test(arguments: InstructionSet.available)
  func givesARowOfZerosScaleOne(set: InstructionSet) {
    let its = Case(matrix: "", rows: 1, columns: 20, group: 20, method: .leastSquares)
    let found = quantize(encode([Float](repeating: -0.0, count: 20)), 1, its, set)
    #expect(found.scales == [0x80, 0x3F])
    #expect(found.values == [UInt8](repeating: 0, count: 20))
    #expect(found.errors.squaredError == 0)
  }

  @Test(arguments: InstructionSet.available, [Float.nan, .infinity, -.infinity])
  func locatesTheFirstElementThatIsNotFinite(set: InstructionSet, bad: Float) {
    for place in [0, 31, 32, 63, 64 + 40, 191] {
      var source = [Float](repeating: 0.25, count: 192)
      source[place] = bad
      source[191] = bad
      let its = Case(matrix: "", rows: 3, columns: 64, group: 32, method: .absoluteMaximum)
      let found = quantize(encode(source), 3, its, set)
      #expect(found.firstNonFinite == place)
      #expect(found.errors == ErrorSums())
    }
  }

  @Test func leastSquaresIsNeverWorse() {
    var random = RandomBytes(seed: 5)
    for _ in 0..<20 {
      let source = encode(random.floats(256))
      var its = Case(matrix: "", rows: 1, columns: 256, group: 32, method: .absoluteMaximum)
      let plain = quantize(source, 1, its, .best).errors.squaredError
      its.method = .leastSquares
      #expect(quantize(source, 1, its, .best).errors.squaredError < plain)
    }
  }

  @Test(arguments: InstructionSet.available)
  func bfloat16RowsGiveWhatTheirWidenedValuesGive(set: InstructionSet) {
    var random = RandomBytes(seed: 8)
    for (columns, group) in [(256, 256), (256, 32), (77, 77), (5, 5), (160, 16)] {
      for method in [Int8Kernel.Method.absoluteMaximum, .leastSquares] {
        let its = Case(
          matrix: "", rows: 6, columns: columns, group: group, method: method)
        // Rows of zeros and of subnormals too.
        var halves = random.floats(6 * columns).map { UInt16($0.bitPattern >> 16) }
        for column in 0..<columns { (halves[column], halves[columns + column]) = (0x8000, 0x0003) }
        let wide = encode(halves.map { Float(bitPattern: UInt32($0) << 16) })
        for shift in [0, 2] {
          let expected = quantize(wide, 6, its, .portable)
          let found = quantize(encode(halves), 6, its, set, of: .bf16, shift: shift)
          #expect(found.values == expected.values && found.scales == expected.scales)
          #expect(found.errors == expected.errors)
        }
        halves[columns * 3 + 4] = 0xFF80
        let refused = quantize(encode(halves), 6, its, set, of: .bf16)
        #expect(refused.firstNonFinite == columns * 3 + 4)
      }
    }
  }

  private struct Quantized {
    var values, scales: [UInt8]
    var errors: ErrorSums
    var firstNonFinite: Int?
  }

  private func quantize(
    _ source: [UInt8], _ count: Int, _ its: Case, _ set: InstructionSet,
    of type: Int8Kernel.Source = .f32, shift: Int = 0
  ) -> Quantized {
    let rows = Int8Kernel.Rows(count: count, columns: its.columns, group: its.group)
    var errors = ErrorSums()
    var firstNonFinite: Int?
    var values: [UInt8] = []
    let scales = run(source, resultCount: rows.scaleCount * 2, shift: shift) { source, scales in
      values = run([], resultCount: rows.elementCount, shift: shift) { _, values in
        firstNonFinite = Int8Kernel.quantizeRows(
          source, of: type, rows, its.method, values: &values, scales: &scales, errors: &errors,
          using: set)
      }
    }
    return Quantized(
      values: values, scales: scales, errors: errors, firstNonFinite: firstNonFinite)
  }

  private func numbers(_ bytes: [UInt8]) -> [Float] {
    decode(bytes).map { (bits: UInt32) in Float(bitPattern: bits) }
  }
}
