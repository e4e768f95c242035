package main

// adaptive is the state of one of the two bands of G.722: an adaptive predictor with
// two poles and six zeros, and the scale of its quantiser. The names are those of the
// recommendation.
type adaptive struct {
	s, sp, sz  int
	r, p, a    [3]int
	d, b       [7]int
	nb, detect int
}

// Tables of ITU-T G.722.
var (
	qmf     = [12]int{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}
	wl      = [8]int{-60, -30, 58, 172, 334, 538, 1198, 3042}
	rl42    = [16]int{0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0}
	wh      = [3]int{0, -214, 798}
	rh2     = [4]int{2, 1, 2, 1}
	qm2     = [4]int{-7408, -1616, 7408, 1616}
	qm4     = [16]int{0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0}
	scaleOf = [32]int{
		2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
		2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
	}
	qm6 = [64]int{
		-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
		-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
		24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
		4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
	}
)

// decodeG722 returns the samples, of -1 to 1 at 16 kHz, of G.722 at 64 kbit/s: the
// form in which Debian packages the recordings of Asterisk. Each byte holds two samples.
func decodeG722(data []byte) signal {
	low, high := adaptive{detect: 32}, adaptive{detect: 8}
	var history [24]int
	out := make(signal, 0, 2*len(data))
	for _, b := range data {
		code := int(b & 0x3f)
		l := clamp(low.s+low.detect*qm6[code]>>15, -16384, 16383)
		code >>= 2
		difference := low.detect * qm4[code] >> 15
		low.rescale(wl[rl42[code]], 18432, 8)
		low.predict(difference)

		code = int(b >> 6)
		difference = high.detect * qm2[code] >> 15
		h := clamp(difference+high.s, -16384, 16383)
		high.rescale(wh[rh2[code]], 22528, 10)
		high.predict(difference)

		copy(history[:], history[2:])
		history[22], history[23] = l+h, l-h
		odd, even := 0, 0
		for i, c := range qmf {
			even += history[2*i] * c
			odd += history[2*i+1] * qmf[11-i]
		}
		for _, v := range []int{odd >> 11, even >> 11} {
			out = append(out, float64(clamp(v, -32768, 32767))/32768)
		}
	}
	return out
}

// rescale adapts the scale of the quantiser to how far the last code was out.
func (a *adaptive) rescale(step, most, shift int) {
	a.nb = clamp(a.nb*127>>7+step, 0, most)
	scale := scaleOf[a.nb>>6&31]
	if down := shift - a.nb>>11; down < 0 {
		scale <<= -down
	} else {
		scale >>= down
	}
	a.detect = scale << 2
}

// predict takes the difference that came and predicts the next sample: block 4 of the
// recommendation.
func (a *adaptive) predict(d int) {
	a.d[0] = d
	a.r[0] = clamp16(a.s + d)
	a.p[0] = clamp16(a.sz + d)

	first, second := a.poles()

	gain := 0
	if d != 0 {
		gain = 128
	}
	zeros := [7]int{}
	for i := 1; i < 7; i++ {
		grow := gain
		if !sameSign(a.d[i], d) {
			grow = -gain
		}
		zeros[i] = clamp16(grow + a.b[i]*32640>>15)
	}
	for i := 6; i > 0; i-- {
		a.d[i], a.b[i] = a.d[i-1], zeros[i]
	}
	a.r[2], a.r[1] = a.r[1], a.r[0]
	a.p[2], a.p[1] = a.p[1], a.p[0]
	a.a[1], a.a[2] = first, second

	a.sp = clamp16(a.a[1]*clamp16(2*a.r[1])>>15 + a.a[2]*clamp16(2*a.r[2])>>15)
	a.sz = 0
	for i := 6; i > 0; i-- {
		a.sz += a.b[i] * clamp16(2*a.d[i]) >> 15
	}
	a.sz = clamp16(a.sz)
	a.s = clamp16(a.sp + a.sz)
}

// poles adapts both poles of the predictor to the last three signals.
func (a *adaptive) poles() (first, second int) {
	slope := clamp16(a.a[1] << 2)
	second = -slope
	if !sameSign(a.p[0], a.p[1]) {
		second = slope
	}
	second = min(second, 32767) >> 7
	if sameSign(a.p[0], a.p[2]) {
		second += 128
	} else {
		second -= 128
	}
	second = clamp(second+a.a[2]*32512>>15, -12288, 12288)
	first = -192
	if sameSign(a.p[0], a.p[1]) {
		first = 192
	}
	first = clamp16(first + a.a[1]*32640>>15)
	bound := clamp16(15360 - second)
	return clamp(first, -bound, bound), second
}

func sameSign(x, y int) bool { return (x < 0) == (y < 0) }

func clamp(v, least, most int) int { return max(least, min(most, v)) }
func clamp16(v int) int            { return clamp(v, -32768, 32767) }
