public import DVLATensors

/// How the chunks of a tensor are stored.
public enum BundleEncoding: String, Sendable, CaseIterable {
  /// One zstd frame for each chunk.
  case zstd
  /// The bytes of the tensor as they are.
  case plain
}

/// How the bytes of a chunk are ordered before they are compressed.
///
/// Each word is rotated left by one bit, which puts the whole exponent in its top byte, and the
/// bytes are sorted by significance, the top bytes of all words first. In the orders with a window
/// a chunk whose frame is marked has the top bits of the mantissa in the top byte, too: see
/// `WindowPlanes`. The raw values are the words of the file format.
public enum PlaneOrder: String, Sendable, CaseIterable {
  /// As they are.
  case none
  /// Words of 16 bits: BF16 and F16.
  case two = "rotl1-planes2"
  /// Words of 32 bits: F32.
  case four = "rotl1-planes4"
  /// Words of 16 bits, some chunks with a window: BF16.
  case windowTwo = "window6-planes2"
  /// Words of 32 bits, some chunks with a window: F32.
  case windowFour = "window6-planes4"

  /// The order in which tensors of that type are packed.
  public static func standard(for dtype: DType) -> Self {
    switch dtype {
    case .bf16, .f16: .two
    case .f32: .four
    default: .none
    }
  }

  /// The order that takes the least room.
  public static func smallest(for dtype: DType) -> Self {
    switch dtype {
    case .bf16: .windowTwo
    case .f32: .windowFour
    default: .standard(for: dtype)
    }
  }

  /// How many planes there are: the bytes of one word.
  public var count: Int {
    switch self {
    case .none: 1
    case .two, .windowTwo: 2
    case .four, .windowFour: 4
    }
  }

  /// Whether chunks may have a window.
  var hasWindow: Bool { self == .windowTwo || self == .windowFour }

  /// Whether a row of the table may have it.
  func fits(_ dtype: DType, _ encoding: BundleEncoding) -> Bool {
    self == .none
      || encoding == .zstd && (self == .standard(for: dtype) || self == .smallest(for: dtype))
  }
}

/// What is done to tensors when a bundle is written.
public enum BundlePacking: Sendable, Equatable {
  /// Plain safetensors entries, for mapping in place.
  case store
  /// zstd frames: floats in planes with Huffman coding. INT8 and other types gain a tenth at most
  /// and are framed as they are, unless `smallest` asks for the tenth, and for the hundredth that
  /// BF16 and F32 gain by a window.
  case packed(smallest: Bool)

  public var encoding: BundleEncoding { self == .store ? .plain : .zstd }

  /// The plane order that tensors of that type get.
  public func planes(for dtype: DType) -> PlaneOrder {
    switch self {
    case .store: .none
    case .packed(let smallest): smallest ? .smallest(for: dtype) : .standard(for: dtype)
    }
  }
}
