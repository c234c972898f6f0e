// A child's own pages. What is typed or chosen is kept at once, so that nothing is lost on a reload; and the words of a page are read
// aloud where this device has a voice of its own. Without this script the buttons of each page keep the answer.
(() => {
  'use strict'
  // Tabs that still show pages of the grown-up's go.
  if (window.BroadcastChannel) new BroadcastChannel('pep').postMessage('given')
  addEventListener('pageshow', (e) => { if (e.persisted) location.reload() })

  // A drawing, or a photo to draw on, made small enough for a plan; a picture made anew says nothing of where it was taken.
  const MOST = 45000
  const bytes = (url) => Math.floor((url.length - url.indexOf(',') - 1) * 3 / 4)
  const small = (canvas) => {
    const png = canvas.toDataURL('image/png')
    if (bytes(png) <= MOST) return png
    for (let side = 1; side > 0.2; side *= 0.75) {
      const less = document.createElement('canvas')
      Object.assign(less, { width: Math.round(canvas.width * side), height: Math.round(canvas.height * side) })
      less.getContext('2d').drawImage(canvas, 0, 0, less.width, less.height)
      for (const quality of [0.85, 0.7, 0.5, 0.35]) {
        const jpeg = less.toDataURL('image/jpeg', quality)
        if (bytes(jpeg) <= MOST) return jpeg
      }
    }
    return ''
  }
  const draw = (form, picture, words, soon) => {
    const area = form.querySelector('[data-draw]'), canvas = area.querySelector('canvas'), pen = canvas.getContext('2d')
    const photo = form.querySelector('[data-photo]'), shown = form.querySelector('[data-picture]')
    const white = () => { pen.fillStyle = '#fff'; pen.fillRect(0, 0, canvas.width, canvas.height) }
    const fit = (image) => {
      white()
      const side = Math.min(canvas.width / image.width, canvas.height / image.height)
      const [w, h] = [image.width * side, image.height * side]
      pen.drawImage(image, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h)
    }
    const keep = (made) => {
      picture.value = small(canvas)
      form.elements.made.value = made
      soon()
    }
    area.hidden = false
    form.querySelector('[data-photo-size]').hidden = true
    white()
    if (shown) {
      shown.hidden = true
      fetch(shown.src).then((r) => r.blob()).then(createImageBitmap).then(fit, () => { shown.hidden = false })
    }
    let last = null
    const point = (e) => {
      const box = canvas.getBoundingClientRect()
      return [(e.clientX - box.left) * canvas.width / box.width, (e.clientY - box.top) * canvas.height / box.height]
    }
    const line = (from, to) => {
      pen.strokeStyle = form.elements.colour.value
      Object.assign(pen, { lineWidth: pen.strokeStyle === '#ffffff' ? 40 : 8, lineCap: 'round', lineJoin: 'round' })
      pen.beginPath()
      pen.moveTo(...from)
      pen.lineTo(...to)
      pen.stroke()
    }
    canvas.addEventListener('pointerdown', (e) => {
      if (!e.isPrimary) return
      e.preventDefault()
      canvas.setPointerCapture(e.pointerId)
      line(last = point(e), last)
    })
    canvas.addEventListener('pointermove', (e) => { if (last && e.isPrimary) { const to = point(e); line(last, to); last = to } })
    for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, () => { if (last) { last = null; keep('drawing') } })
    area.querySelector('[data-empty]').addEventListener('click', () => { white(); keep('drawing') })
    photo.addEventListener('change', async () => {
      const file = photo.files[0]
      if (!file) return
      try {
        fit(await createImageBitmap(file, { imageOrientation: 'from-image' }))
        keep('photos')
      } catch {
        words.textContent = 'That is not a picture that can be kept. Choose another'
      }
      // The file itself is not sent: it is large, and may say where it was taken.
      photo.value = ''
    })
  }

  const form = document.querySelector('form[data-child]')
  if (form) {
    const words = form.querySelector('[data-saved]'), names = ['answer', 'why'].filter((name) => form.elements[`${name}~kept`])
    const value = (name) => (form.elements[name] ? form.elements[name].value : '')
    const kept = (name) => form.elements[`${name}~kept`]
    const picture = form.elements.picture
    const dirty = () => names.some((name) => value(name) !== kept(name).value) || (picture && picture.value !== '')
    let timer = 0, busy = null, leaving = false
    // What was sent last and has had no answer yet: if it arrived all the same, what comes next takes its place.
    const tried = (name, text) => {
      let field = form.elements[`${name}~tried`]
      if (!field) form.append(field = Object.assign(document.createElement('input'), { type: 'hidden', name: `${name}~tried` }))
      field.value = text
    }
    const sheet = () => {
      const body = new URLSearchParams(new FormData(form))
      body.set('go', 'stay')
      // A file is sent as the picture that was made of it.
      body.delete('file')
      return body
    }
    const save = async () => {
      clearTimeout(timer)
      if (busy || leaving || !dirty()) return
      const sent = names.map((name) => [name, value(name)]), drawn = picture ? picture.value : ''
      const body = sheet()
      for (const [name, text] of sent) tried(name, text)
      busy = fetch(form.action, { method: 'POST', body, redirect: 'manual' }).then((r) => r.type === 'opaqueredirect', () => false)
      const done = await busy
      busy = null
      if (done) {
        for (const [name, text] of sent) kept(name).value = text
        if (drawn && picture.value === drawn) picture.value = ''
      }
      words.textContent = done ? 'Saved on this device' : 'Not saved yet'
      if (dirty()) timer = setTimeout(save, done ? 800 : 3000)
    }
    const soon = () => { clearTimeout(timer); timer = setTimeout(save, 800) }
    form.addEventListener('input', soon)
    if (picture) draw(form, picture, words, soon)
    form.addEventListener('submit', async (e) => {
      clearTimeout(timer)
      if (!busy) { leaving = true; return }
      e.preventDefault()
      const by = e.submitter
      await busy
      leaving = true
      form.requestSubmit(by)
    })
    addEventListener('pagehide', () => {
      const body = sheet()
      // The most that a browser sends for a page that is gone; the rest was saved while it was typed.
      if (!leaving && dirty() && String(body).length < 60000) fetch(form.action, { method: 'POST', body, redirect: 'manual', keepalive: true })
    })
  }

  const button = document.querySelector('[data-read]'), speech = window.speechSynthesis
  if (button && speech) {
    // A voice that is not on this device would send the words away to be spoken.
    const voice = () => {
      const local = speech.getVoices().filter((v) => v.localService && /^en/i.test(v.lang))
      return local.find((v) => /^en.gb/i.test(v.lang)) || local[0]
    }
    const ready = () => { button.hidden = !voice() }
    const label = (on) => { button.textContent = on ? 'Stop reading' : 'Read this to me' }
    let reading = false
    const stop = () => { reading = false; speech.cancel(); label(false) }
    button.addEventListener('click', () => {
      if (reading) return stop()
      const texts = [...document.querySelectorAll('main h1, main [data-say]')].map((el) => el.innerText.trim()).filter(Boolean)
      reading = true
      label(true)
      texts.forEach((text, i) => {
        const said = new SpeechSynthesisUtterance(text)
        Object.assign(said, { voice: voice(), lang: voice().lang, rate: 0.9 })
        if (i === texts.length - 1) said.onend = said.onerror = stop
        speech.speak(said)
      })
    })
    addEventListener('pagehide', stop)
    if (speech.addEventListener) speech.addEventListener('voiceschanged', ready)
    ready()
  }
})()
