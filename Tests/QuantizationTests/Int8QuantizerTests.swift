import DVLADiagnostics
import DVLAKernels
import DVLAQuantization
import DVLATensors
import Testing

@Suite struct Int8QuantizerTests {
  /// Multiples of 1/4 up to 31.75: exact in float32, bfloat16 and half precision, and so are
  /// their steps when a row's largest is 31.75, with the scale 1/4.
  static let columns = 300
  static let steps: [Int8] = (0..<700 * columns).map { (index: Int) -> Int8 in
    index % columns == 0 ? -127 : Int8(index * 7919 % 255 - 127)
  }

  @Test(arguments: [DType.f32, .bf16, .f16])
  func quantizesEverySourceTypeExactlyWhereStepsFit(dtype: DType) throws {
    let (values, scales, errors) = try quantize(encode(Self.steps, dtype), dtype, rows: 700)
    #expect(values == Self.steps.map { UInt8(bitPattern: $0) })
    #expect(scales == (0..<700).flatMap { _ in [0x80, 0x3E] as [UInt8] })
    #expect(errors.count == 700 * Self.columns)
    #expect(errors.squaredError == 0)
  }

  @Test func doesNotDependOnHowRowsAreDivided() throws {
    let source = uneven(rows: 700)
    let whole = try quantize(source, .bf16, rows: 700)
    var values: [UInt8] = []
    var scales: [UInt8] = []
    var errors = ErrorSums()
    let row = Self.columns * 2
    for (first, count) in [(0, 1), (1, 99), (100, 333), (433, 267)] {
      let part = try quantize(
        Array(source[first * row..<(first + count) * row]), .bf16, rows: count)
      values += part.values
      scales += part.scales
      errors.add(part.errors)
    }
    #expect(values == whole.values)
    #expect(scales == whole.scales)
    #expect(errors == whole.errors)
    #expect(errors.squaredError > 0)
  }

  @Test func dequantizesToWithinHalfAStep() throws {
    let source = uneven(rows: 20)
    let (values, scales, errors) = try quantize(source, .bf16, rows: 20)
    var result = [UInt8](repeating: 0, count: values.count * 4)
    var span = result.mutableSpan
    var bytes = unsafe span.mutableBytes
    let quantizer = try Int8Quantizer(
      tensor: "w", shape: [20, Self.columns], scheme: Int8Scheme())
    unsafe quantizer.dequantize(
      values: values.span.bytes, scales: scales.span.bytes, into: &bytes)
    var widened = [UInt8](repeating: 0, count: result.count)
    var widenedSpan = widened.mutableSpan
    var widenedBytes = unsafe widenedSpan.mutableBytes
    unsafe ElementCast.cast(source.span.bytes, from: .bf16, to: .f32, into: &widenedBytes)
    var sums = ErrorSums()
    unsafe sums.addRows(
      widened.span.bytes, result.span.bytes, rows: 20, columns: Self.columns)
    #expect(sums == errors)
    // The largest value is below 4 and its scale below 4/127; rounding it to bfloat16 may clamp
    // half a step more.
    #expect(sums.maximumError <= 4.0 / 127)
  }

  @Test(arguments: [DType.f32, .bf16, .f16])
  func namesTensorAndElementThatIsNotFinite(dtype: DType) throws {
    var source = encode(Self.steps, dtype)
    let width = dtype.bitWidth / 8
    let index = 456 * Self.columns + 78
    for byte in 0..<width { source[index * width + byte] = 0xFF }
    let error = #expect(throws: WeightsError.self) {
      _ = try quantize(source, dtype, rows: 700, firstRow: 1000)
    }
    #expect(error?.code == .quantizationNonFinite)
    #expect(error?.kind == .malformed)
    #expect(error?.tensor == "w")
    #expect(
      error?.message == "int8 needs finite values, found a NaN or an infinity at element "
        + "436878 (row 1456, column 78)")
  }

  @Test(arguments: [[7], [2, 3, 4], []] as [Shape])
  func refusesWhatIsNoMatrix(shape: Shape) {
    let error = #expect(throws: WeightsError.self) {
      try Int8Quantizer(tensor: "w", shape: shape, scheme: Int8Scheme())
    }
    #expect(error?.code == .quantizationRank)
  }

  @Test func refusesColumnsThatDoNotDivideIntoGroups() throws {
    let scheme = Int8Scheme(.group(.of64))
    let error = #expect(throws: WeightsError.self) {
      try Int8Quantizer(tensor: "w", shape: [4, 96], scheme: scheme)
    }
    #expect(error?.code == .quantizationGroup)
    #expect(error?.tensor == "w")
    let fitting = try Int8Quantizer(tensor: "w", shape: [4, 192], scheme: scheme)
    #expect(fitting.scaleShape == [4, 3])
    let channel = try Int8Quantizer(tensor: "w", shape: [4, 96], scheme: Int8Scheme())
    #expect(channel.scaleShape == [4, 1])
  }

  @Test func acceptsEmptyMatrices() throws {
    for shape in [[0, 64], [3, 0]] as [Shape] {
      let quantizer = try Int8Quantizer(
        tensor: "w", shape: shape, scheme: Int8Scheme(.group(.of32)))
      var nothing: [UInt8] = []
      var scales: [UInt8] = []
      var errors = ErrorSums()
      var a = nothing.mutableSpan
      var b = scales.mutableSpan
      var values = unsafe a.mutableBytes
      var scaleBytes = unsafe b.mutableBytes
      try unsafe quantizer.quantize(
        [UInt8]().span.bytes, of: .f32, firstRow: 0, values: &values, scales: &scaleBytes,
        errors: &errors)
      #expect(errors.count == 0)
    }
  }

  private func quantize(
    _ source: [UInt8], _ dtype: DType, rows: Int, firstRow: Int = 0
  ) throws -> (values: [UInt8], scales: [UInt8], errors: ErrorSums) {
    let quantizer = try Int8Quantizer(
      tensor: "w", shape: [firstRow + rows, Self.columns], scheme: Int8Scheme())
    var values = [UInt8](repeating: 1, count: rows * Self.columns)
    var scales = [UInt8](repeating: 1, count: rows * 2)
    var errors = ErrorSums()
    var a = values.mutableSpan
    var b = scales.mutableSpan
    var valueBytes = unsafe a.mutableBytes
    var scaleBytes = unsafe b.mutableBytes
    try unsafe quantizer.quantize(
      source.span.bytes, of: dtype, firstRow: firstRow, values: &valueBytes,
      scales: &scaleBytes, errors: &errors)
    return (values, scales, errors)
  }

  /// A quarter of each step.
  private func encode(_ steps: [Int8], _ dtype: DType) -> [UInt8] {
    steps.flatMap { step -> [UInt8] in
      let value = Float(step) / 4
      switch dtype {
      case .f32: return bytes(value.bitPattern)
      case .bf16: return bytes(UInt16(value.bitPattern >> 16))
      default: return bytes(half(value))
      }
    }
  }

  /// Half precision of a multiple of 1/4 below 32.
  private func half(_ value: Float) -> UInt16 {
    guard value != 0 else { return 0 }
    let exponent = UInt16(Int(value.exponent) + 15) << 10
    let fraction = UInt16(value.significandBitPattern >> 13)
    return (value < 0 ? 0x8000 : 0) | exponent | fraction
  }

  /// bfloat16 values between -4 and 4 that are no multiples of a step.
  private func uneven(rows: Int) -> [UInt8] {
    var state: UInt32 = 12345
    return (0..<rows * Self.columns).flatMap { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return bytes(UInt16(state >> 31) << 15 | 0x3D80 | UInt16(state >> 20 & 0x1FF))
    }
  }

  private func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
