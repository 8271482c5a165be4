public import DVLATensors

/// What is done to tensors when a bundle is written.
public enum BundlePacking: Sendable, Equatable {
  /// Plain safetensors entries, for mapping in place.
  case store
  /// zstd frames: floats in planes with Huffman coding. INT8 and other types gain a tenth at most
  /// and are framed as they are, unless `smallest` asks for the tenth.
  case packed(smallest: Bool)

  public var encoding: BundleEncoding { self == .store ? .plain : .zstd }

  /// The plane order that tensors of that type get.
  public func planes(for dtype: DType) -> PlaneOrder {
    self == .store ? .none : .standard(for: dtype)
  }
}
