import DVLADiagnostics
import DVLAImages
import DVLANumPyMessages

// Pictures of an observation.

extension Robot.Pictures {
  /// A picture in bytes, with its channels last.
  ///
  /// - Throws: `observation.kind`, `observation.range`. Errors do not name the key.
  func picture(_ value: NumPyValue) throws(WeightsError) -> RGBImage {
    guard case .array(let array) = value, array.isPicture else {
      throw mismatch("found \(value.summary)")
    }
    let shape = array.shape
    // The first extent decides where both could be channels, as upstream.
    let isFirst = layout == .channelsFirst || layout == .either && shape[0] == 3
    let (height, width, channels) =
      isFirst ? (shape[1], shape[2], shape[0]) : (shape[0], shape[1], shape[2])
    guard channels == 3, 1...Robot.sideLimit ~= height, 1...Robot.sideLimit ~= width else {
      throw mismatch("found \(value.summary)")
    }
    if let ownHeight = self.height, let ownWidth = self.width,
      height != ownHeight || width != ownWidth
    {
      throw WeightsError(
        .observationKind,
        "expected a picture of \(ownHeight) x \(ownWidth) (height x width), found "
          + "\(height) x \(width)")
    }
    let bytes = array.dtype.kind == .float ? try samples(array) : array.bytes
    return RGBImage(
      width: width, height: height,
      pixels: isFirst ? Self.interleaved(bytes, count: height * width) : bytes)
  }

  private func mismatch(_ found: String) -> WeightsError {
    let types = floats == .refuse ? "uint8" : "uint8 or floats"
    let shapes =
      switch layout {
      case .channelsLast: "[H, W, 3]"
      case .channelsFirst: "[3, H, W]"
      case .either: "[H, W, 3] or [3, H, W]"
      }
    return WeightsError(
      .observationKind,
      "expected a picture of \(types) \(shapes) with sides of 1 to \(Robot.sideLimit), \(found)")
  }

  /// Three planes as pixels.
  private static func interleaved(_ planes: [UInt8], count: Int) -> [UInt8] {
    var pixels = [UInt8](repeating: 0, count: 3 * count)
    for index in 0..<count {
      pixels[3 * index] = planes[index]
      pixels[3 * index + 1] = planes[count + index]
      pixels[3 * index + 2] = planes[2 * count + index]
    }
    return pixels
  }

  /// The bytes for samples in floats.
  private func samples(_ array: NumPyArray) throws(WeightsError) -> [UInt8] {
    guard floats != .refuse else { throw mismatch("found \(NumPyValue.array(array).summary)") }
    let values = try array.doubles()
    let scale = SampleScale(array.dtype.size)
    var bytes = [UInt8](repeating: 0, count: values.count)
    for (index, value) in values.enumerated() {
      // False for NaN too. NumPy's cast of anything else is undefined.
      guard value >= 0, value <= 1 else {
        throw WeightsError(
          .observationRange,
          "expected floats from 0 to 1, found \(value) at \(array.position(of: index))")
      }
      switch floats {
      case .truncate: bytes[index] = scale.truncated(value)
      case .exact:
        guard let byte = scale.exact(value) else {
          throw WeightsError(
            .observationRange,
            "expected bytes, or bytes divided by 255, which 8 bits can hold; found \(value) at "
              + "\(array.position(of: index))")
        }
        bytes[index] = byte
      case .refuse: break
      }
    }
    return bytes
  }
}

/// Floats of one width from 0 to 1 and the bytes that they are.
private struct SampleScale {
  private let size: Int
  /// What a byte divided by 255 is, and what it is multiplied by the reciprocal, as some libraries
  /// compute it.
  private let quotients: [Double]
  private let products: [Double]

  /// - Parameter size: of a float, in bytes.
  init(_ size: Int) {
    self.size = size
    let bytes = (0...255).map(Double.init)
    quotients = bytes.map { Self.rounded($0 / 255, to: size) }
    let reciprocal = Self.rounded(1 / 255, to: size)
    products = bytes.map { Self.rounded($0 * reciprocal, to: size) }
  }

  /// `(255 * value).astype(numpy.uint8)`, where the product has the type of the value.
  func truncated(_ value: Double) -> UInt8 {
    // In double the product of a narrower value is exact, so that it is rounded once.
    UInt8(Self.rounded(255 * value, to: size))
  }

  /// The byte whose quotient the value is; nil where there is none.
  func exact(_ value: Double) -> UInt8? {
    let byte = Int((255 * value).rounded())
    return value == quotients[byte] || value == products[byte] ? UInt8(byte) : nil
  }

  private static func rounded(_ value: Double, to size: Int) -> Double {
    switch size {
    case 2: Double(Float16(value))
    case 4: Double(Float(value))
    default: value
    }
  }
}

extension NumPyArray {
  /// Whether it has the type and the rank of a picture.
  fileprivate var isPicture: Bool {
    shape.count == 3
      && (dtype.kind == .float || dtype.kind == .unsigned && dtype.size == 1)
  }

  /// Where an element in C order lies.
  fileprivate func position(of index: Int) -> [Int] {
    var rest = index
    var position: [Int] = []
    for extent in shape.reversed() {
      position.insert(rest % extent, at: 0)
      rest /= extent
    }
    return position
  }
}
