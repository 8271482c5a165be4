import DVLADiagnostics
import DVLAKernels
import DVLATensors

extension Int8Quantizer {
  /// Quantizes rows of float32 so that the errors of a row make up for each other
  /// (``CompensationFactors``). Each row depends on itself alone.
  ///
  /// - Returns: the index in `source` of the first NaN or infinity; nil when all was quantized.
  /// - Precondition: at most sixteen whole rows.
  func compensate(
    _ source: RawSpan, with factors: CompensationFactors, values: inout MutableRawSpan,
    scales: inout MutableRawSpan, errors: inout ErrorSums
  ) -> Int? {
    let columns = shape[1]
    let rowCount = source.byteCount / (columns * 4)
    let group = columns / scaleShape[1]
    let rows = Int8Kernel.Rows(count: rowCount, columns: columns, group: group)
    var ignored = ErrorSums()
    if let nonFinite = Int8Kernel.quantizeRows(
      source, of: .f32, rows, scheme.method, values: &values, scales: &scales, errors: &ignored)
    {
      return nonFinite
    }
    if scheme.levels < 127 { widenSteps(&scales) }
    var block = CompensatedBlock()
    for index in 0..<CompensationFactors.blockCount(columns) {
      let range = CompensationFactors.columns(ofBlock: index, of: columns)
      block.load(range, of: source, rows, scales.bytes, factors.order)
      block.round(by: factors, at: index, limit: scheme.levels)
      block.store(range, to: &values, rows, factors.order)
    }
    var replaced = [UInt8](repeating: 0, count: source.byteCount)
    var span = replaced.mutableSpan
    // The bytes of an array of integers are always initialised.
    var bytes = unsafe span.mutableBytes
    Int8Kernel.dequantizeRows(values: values.bytes, scales: scales.bytes, rows, into: &bytes)
    errors.addRows(source, bytes.bytes, rows: rowCount, columns: columns)
    return nil
  }

  /// Scales by which the largest value takes fewer steps.
  private func widenSteps(_ scales: inout MutableRawSpan) {
    for offset in stride(from: 0, to: scales.byteCount, by: 2) {
      // In bounds by the stride; any bits are a number.
      let bits = unsafe scales.unsafeLoad(fromByteOffset: offset, as: UInt16.self)
      let scale = Float(bitPattern: UInt32(bits) << 16) * (127 / Float(scheme.levels))
      let wide = scale.bitPattern
      let rounded = (wide + 0x7FFF + ((wide >> 16) & 1)) >> 16
      // 127 steps of the largest scales must stay finite.
      guard 127 * Float(bitPattern: rounded << 16) <= .greatestFiniteMagnitude else { continue }
      scales.storeBytes(of: UInt16(rounded), toByteOffset: offset, as: UInt16.self)
    }
  }
}

/// A block of columns of up to sixteen rows, column by column, in the order in which it is rounded.
private struct CompensatedBlock {
  private static let size = CompensationFactors.blockColumns * Int8Kernel.lanes
  private var weights = [Float](repeating: 0, count: size)
  /// 1 for lanes without a row.
  private var scales = [Float](repeating: 1, count: size)
  private var steps = [UInt8](repeating: 0, count: size)
  private var columns = 0

  mutating func load(
    _ range: Range<Int>, of source: RawSpan, _ rows: Int8Kernel.Rows, _ scaleBytes: RawSpan,
    _ order: [UInt8]
  ) {
    columns = range.count
    let groups = rows.columns / rows.group
    for place in 0..<columns {
      let column = range.lowerBound + Int(order[range.lowerBound + place])
      for row in 0..<rows.count {
        // In bounds: whole rows, with a scale for each group; any bits are a number.
        let (bits, scale) = unsafe (
          source.unsafeLoadUnaligned(
            fromByteOffset: (row * rows.columns + column) * 4, as: UInt32.self),
          scaleBytes.unsafeLoadUnaligned(
            fromByteOffset: (row * groups + column / rows.group) * 2, as: UInt16.self)
        )
        weights[place * Int8Kernel.lanes + row] = Float(bitPattern: bits)
        scales[place * Int8Kernel.lanes + row] = Float(bitPattern: UInt32(scale) << 16)
      }
    }
  }

  mutating func round(by factors: CompensationFactors, at block: Int, limit: Int) {
    let start = block * CompensationFactors.blockColumns * CompensationFactors.blockColumns
    let count = columns * Int8Kernel.lanes
    // Taken out, so that each is changed alone.
    var (work, made): ([Float], [UInt8]) = ([], [])
    swap(&work, &weights)
    swap(&made, &steps)
    defer {
      swap(&work, &weights)
      swap(&made, &steps)
    }
    var workSpan = work.mutableSpan
    var own = workSpan._mutatingExtracting(0..<count)
    var stepSpan = made.mutableSpan
    // The bytes of an array of integers are always initialised.
    var stepBytes = unsafe stepSpan.mutableBytes
    var ownSteps = stepBytes._mutatingExtracting(0..<count)
    Int8Kernel.compensate(
      &own, scales: scales.span.extracting(0..<count),
      factors: factors.factors.span.extracting(start..<start + columns * columns),
      columns: columns, limit: limit, steps: &ownSteps)
  }

  func store(
    _ range: Range<Int>, to values: inout MutableRawSpan, _ rows: Int8Kernel.Rows,
    _ order: [UInt8]
  ) {
    for place in 0..<columns {
      let column = range.lowerBound + Int(order[range.lowerBound + place])
      for row in 0..<rows.count {
        values.storeBytes(
          of: steps[place * Int8Kernel.lanes + row], toByteOffset: row * rows.columns + column,
          as: UInt8.self)
      }
    }
  }
}
