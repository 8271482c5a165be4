import DVLATensorMath
import DVLATensors

/// How a matrix is stored.
enum Storage: CaseIterable {
  case f32, bf16, f16
  /// One scale a row, and one for each third of a row where that is a multiple of 16.
  case int8PerChannel, int8PerGroup
  /// The same with float32 scales.
  case int8WithFloatScales
}

/// A stored matrix with the numbers it stands for, all of them whole multiples of 1/4.
struct StoredWeights {
  let matrix: WeightMatrix
  /// [rows, columns].
  let exact: [Double]

  init(_ storage: Storage, rows: Int, columns: Int, seed: UInt64) throws {
    var random = RandomNumbers(seed: seed)
    let whole = (0..<rows * columns).map { _ in random.integer(100) }
    func quarters(_ encode: (Float) -> [UInt8]) throws -> TensorBytes {
      try TensorBytes(whole.flatMap { encode(Float($0) / 4) })
    }
    switch storage {
    case .f32:
      matrix = WeightMatrix(
        try quarters { bytes($0.bitPattern) }, dtype: .f32, rows: rows, columns: columns)
    case .bf16:
      matrix = WeightMatrix(
        try quarters { bytes(UInt16($0.bitPattern >> 16)) }, dtype: .bf16, rows: rows,
        columns: columns)
    case .f16:
      matrix = WeightMatrix(
        try quarters { bytes(halfPrecision($0)) }, dtype: .f16, rows: rows, columns: columns)
    case .int8PerChannel, .int8PerGroup, .int8WithFloatScales:
      let group = storage != .int8PerChannel && columns.isMultiple(of: 48) ? columns / 3 : columns
      let areFloats = storage == .int8WithFloatScales
      let exponents = (0..<rows * columns / group).map { _ in random.integer(1) - 1 }
      let scales = exponents.flatMap { exponent -> [UInt8] in
        let scale = Float(sign: .plus, exponent: exponent, significand: 1)
        return areFloats ? bytes(scale.bitPattern) : bytes(UInt16(scale.bitPattern >> 16))
      }
      matrix = WeightMatrix(
        int8: try TensorBytes(whole.map { UInt8(bitPattern: Int8($0)) }),
        scales: try TensorBytes(scales), of: areFloats ? .f32 : .bf16, group: group, rows: rows,
        columns: columns)
      exact = whole.enumerated().map {
        Double($1) * Double(sign: .plus, exponent: exponents[$0 / group], significand: 1)
      }
      return
    }
    exact = whole.map { Double($0) / 4 }
  }
}

extension TensorBytes {
  convenience init(_ bytes: [UInt8]) throws {
    try self.init(byteCount: bytes.count)
    withMutableBytes(in: 0..<bytes.count) { target in
      for (offset, byte) in bytes.enumerated() {
        target.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      }
    }
  }

  /// Float32 values.
  convenience init(_ values: [Float]) throws {
    try self.init(values.flatMap { bytes($0.bitPattern) })
  }
}

extension WeightMatrix {
  /// A matrix [rows, columns] of float32.
  init(_ tensor: Tensor) throws {
    self.init(
      try TensorBytes(tensor.values), dtype: .f32, rows: tensor.shape[0], columns: tensor.shape[1])
  }
}

/// Little-endian.
private func bytes<Word: FixedWidthInteger>(_ word: Word) -> [UInt8] {
  unsafe withUnsafeBytes(of: word.littleEndian) { unsafe Array($0) }
}

/// A float32 that half precision holds exactly, as a normal number or zero.
private func halfPrecision(_ value: Float) -> UInt16 {
  guard value != 0 else { return 0 }
  let sign: UInt16 = value < 0 ? 0x8000 : 0
  let exponent = UInt16(Int(value.exponent) + 15) << 10
  return sign | exponent | UInt16(value.significandBitPattern >> 13)
}
