# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

TESSDATA="4.00"

inherit autotools git-r3 toolchain-funcs

DESCRIPTION="Reads text from images (OCR)"
HOMEPAGE="
	https://tesseract-ocr.github.io/
	https://github.com/tesseract-ocr/tesseract
"
EGIT_REPO_URI="https://github.com/tesseract-ocr/tesseract.git"
SRC_URI="
	https://github.com/tesseract-ocr/tessdata/raw/${TESSDATA}/eng.traineddata -> eng.traineddata-${TESSDATA}
	osd? ( https://github.com/tesseract-ocr/tessdata/raw/${TESSDATA}/osd.traineddata -> osd.traineddata-${TESSDATA} )
"

LICENSE="Apache-2.0"
SLOT="0"
IUSE="doc jpeg openmp osd png static-libs tiff webp"

# L10N and what upstream calls it
LANGUAGES="
	de:deu,frk
	fr:fra
	zh-CN:chi_sim
"
for pair in ${LANGUAGES}; do
	IUSE+=" l10n_${pair%:*}"
	words=${pair#*:}
	for language in ${words//,/ }; do
		SRC_URI+=" l10n_${pair%:*}? ( https://github.com/tesseract-ocr/tessdata/raw/${TESSDATA}/${language}.traineddata -> ${language}.traineddata-${TESSDATA} )"
	done
done
unset pair words language

RDEPEND="
	>=media-libs/leptonica-1.74:=[zlib,tiff?,jpeg?,png?,webp?]
"
DEPEND="${RDEPEND}"
BDEPEND="
	doc? ( app-text/doxygen )
"

DOCS=( AUTHORS README.md )

PATCHES=(
	"${FILESDIR}/tesseract-4.00.00_alpha-isnan.patch"
)

pkg_pretend() {
	if [[ ${MERGE_TYPE} != binary ]] && use openmp; then
		tc-check-openmp
	fi
}

pkg_setup() {
	if [[ ${MERGE_TYPE} != binary ]] && use openmp; then
		tc-check-openmp
	fi
}

src_unpack() {
	git-r3_src_unpack
	cp "${DISTDIR}/eng.traineddata-${TESSDATA}" "${S}/tessdata/eng.traineddata" || die
	if use osd; then
		cp "${DISTDIR}/osd.traineddata-${TESSDATA}" "${S}/tessdata/osd.traineddata" || die
	fi
	local pair words language
	for pair in ${LANGUAGES}; do
		use l10n_${pair%:*} || continue
		words=${pair#*:}
		for language in ${words//,/ }; do
			cp "${DISTDIR}/${language}.traineddata-${TESSDATA}" "${S}/tessdata/${language}.traineddata" || die
		done
	done
}

src_prepare() {
	default
	eautoreconf
}

src_configure() {
	local myeconfargs=(
		--enable-shared
		$(use_enable openmp)
		$(use_enable static-libs static)
	)
	econf "${myeconfargs[@]}"
}

src_compile() {
	default
	if use doc; then
		emake doc
	fi
}

src_install() {
	if use doc; then
		local HTML_DOCS=( doc/html/. )
	fi
	default
}

pkg_postinst() {
	elog "The alpha reads the language data of 4.00 only: older data is refused."
}
