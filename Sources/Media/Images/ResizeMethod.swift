/// Which of transformers' two families of image processors is followed.
///
/// A file never says which: both save themselves under the same name, and transformers 5 loads
/// torchvision's from either, also where the name ends in `Fast` or `Pil`, unless a program asks
/// for the other.
public enum PictureBackend: String, Sendable, CaseIterable {
  /// transformers' default.
  case torchvision
  /// Pillow and NumPy: the default before transformers 5, and where torchvision is not installed.
  case pil
}

/// How pictures are resized.
public struct ResizeMethod: Sendable, Hashable {
  public let backend: PictureBackend
  public let filter: Filter

  public init(_ backend: PictureBackend, _ filter: Filter = .bicubic) {
    (self.backend, self.filter) = (backend, filter)
  }
}
