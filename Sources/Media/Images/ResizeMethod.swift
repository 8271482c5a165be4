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

extension ResizeMethod {
  /// Which samples a new sample is made of. Where a side gets shorter, both widen with it, so that
  /// every sample counts.
  ///
  /// Source: Pillow 13, `src/libImaging/Resample.c`: `bicubic_filter`, `bilinear_filter`.
  public enum Filter: Sendable, Hashable {
    /// Keys' cubic convolution with a = -0.5.
    case bicubic
    /// A triangle.
    case bilinear

    /// Beyond this distance, in samples, weights are 0.
    var support: Double {
      switch self {
      case .bicubic: 2
      case .bilinear: 1
      }
    }

    /// Evaluated in Pillow's order.
    func weight(at position: Double) -> Double {
      let x = abs(position)
      switch self {
      case .bicubic:
        let a = -0.5
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
        return 0
      case .bilinear:
        return x < 1 ? 1 - x : 0
      }
    }
  }
}
